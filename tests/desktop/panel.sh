#!/usr/bin/env bash
# A desktop on no screen: X server, session bus, window manager and panel, all of them fresh, in temporary folders.
#
#   tests/desktop/panel.sh COMMAND..       runs COMMAND on such a desktop; its exit code is the command's
#   tests/desktop/panel.sh --icon [NEW]    on it: waits for the first icon, or the next change of it if NEW is "new", and prints
#                                          the centre of the icon as "X Y", for xdotool mousemove
#   tests/desktop/panel.sh --shot FILE     on it: writes the screen to FILE as PNG
#
# COMMAND gets DISPLAY, DBUS_SESSION_BUS_ADDRESS, and an empty HOME and XDG_RUNTIME_DIR. The panel lies at the lower edge of a
# screen of 1024 by 768, is 32 pixels high, has a task list at the left and the icons at the right, and nothing else that moves.
# Packages: xvfb openbox xfce4-panel xfconf dbus adwaita-icon-theme xdotool imagemagick.
set -euo pipefail

patience=20 # seconds, for anything that is waited for
panel_strip=1024x32+0+736

fail() {
    printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

# wait_for_line PATTERN WHAT: reads the standard input up to a line with PATTERN in it.
wait_for_line() {
    local line
    while IFS= read -r -t "$patience" line; do
        [[ $line != *"$1"* ]] || return 0
    done
    fail "there is no $2 after $patience s" "look at the lines above, or into ${INGLE_DESKTOP:-the folder of the desktop}/*.log"
}

write_panel_settings() {
    local folder=$HOME/.config/xfce4/xfconf/xfce-perchannel-xml
    mkdir -p "$folder"
    cat >"$folder/xfce4-panel.xml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=10;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="tasklist"/>
    <property name="plugin-2" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-3" type="string" value="systray">
      <property name="menu-is-primary" type="bool" value="false"/>
    </property>
  </property>
</channel>
XML
}

started=()
end_desktop() {
    local pid
    # Backwards: the panel before the window manager, the server last.
    for ((i = ${#started[@]} - 1; i >= 0; i--)); do
        pid=${started[i]}
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
}

start_screen() {
    local number
    exec {numbers}<> <(:)
    mkfifo "$INGLE_DESKTOP/display"
    exec {numbers}<>"$INGLE_DESKTOP/display"
    Xvfb -displayfd "$numbers" -screen 0 1024x768x24 -nolisten tcp >"$INGLE_DESKTOP/xvfb.log" 2>&1 &
    started+=($!)
    read -r -t "$patience" number <&"$numbers" || fail "the X server doesn't start" "look into $INGLE_DESKTOP/xvfb.log"
    export DISPLAY=:$number
}

# Runs inside of dbus-run-session: everything here ends with it.
start_session() {
    trap end_desktop EXIT
    mkfifo "$INGLE_DESKTOP/news"
    exec {news}<>"$INGLE_DESKTOP/news"
    openbox --startup "sh -c 'echo openbox-is-up >$INGLE_DESKTOP/news'" >"$INGLE_DESKTOP/openbox.log" 2>&1 &
    started+=($!)
    wait_for_line openbox-is-up "window manager" <&"$news"
    # Its own name is the first thing that the monitor hears of.
    dbus-monitor --session "type='signal',member='NameOwnerChanged',arg0='org.kde.StatusNotifierWatcher'" >"$INGLE_DESKTOP/news" &
    started+=($!)
    wait_for_line NameAcquired "session bus" <&"$news"
    xfce4-panel --disable-wm-check >"$INGLE_DESKTOP/panel.log" 2>&1 &
    started+=($!)
    wait_for_line org.kde.StatusNotifierWatcher "panel that takes icons" <&"$news"
    wait_for_panel_window
    strip "$INGLE_DESKTOP/before.mpc"
    exec {news}>&-
    "$@"
}

# The panel is drawn some time after it takes icons.
wait_for_panel_window() {
    local deadline=$((SECONDS + patience))
    until [[ $(import -silent -window root -crop "$panel_strip" +repage -format '%[fx:standard_deviation]' info: 2>/dev/null) != 0 ]] ||
        xdotool search --onlyvisible --class xfce4-panel >/dev/null 2>&1; do
        ((SECONDS < deadline)) || fail "the panel doesn't show" "look into $INGLE_DESKTOP/panel.log"
    done
}

# strip FILE: a picture of the panel.
strip() {
    import -silent -window root -crop "$panel_strip" +repage "$1"
}
