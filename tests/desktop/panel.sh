#!/usr/bin/env bash
# A desktop on no screen: X server, session bus, window manager and panel, all of them fresh, in temporary folders.
#
#   tests/desktop/panel.sh COMMAND..     runs COMMAND on such a desktop; the exit code is the command's
#   tests/desktop/panel.sh --icon        on the desktop: waits until an icon shows and prints its centre, "X Y" as xdotool takes it
#   tests/desktop/panel.sh --shot FILE   on the desktop: writes the screen to FILE, a PNG
#
# COMMAND gets DISPLAY, DBUS_SESSION_BUS_ADDRESS, an empty HOME and XDG_RUNTIME_DIR, and INGLE_DESKTOP, the folder with the logs
# of the desktop's programs. The screen is 1024 by 768; the panel lies at its lower edge, 32 pixels high, with the open windows
# at the left and one place for icons at the right.
#
# Packages: xvfb openbox xfce4-panel xfconf dbus adwaita-icon-theme xdotool imagemagick.
set -euo pipefail

patience=20 # seconds, for whatever is waited for

fail() {
    printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

# wait_for_line WORDS WHAT: reads the standard input up to a line with WORDS in it.
wait_for_line() {
    local line
    while IFS= read -r -t "$patience" line; do
        [[ $line != *"$1"* ]] || return 0
    done
    fail "there is no $2 after $patience s" "look into the logs in $INGLE_DESKTOP"
}

# Every wait of the start is on a line that somebody writes into this pipe.
open_news() {
    mkfifo "$INGLE_DESKTOP/news"
    exec {news}<>"$INGLE_DESKTOP/news"
}

# start LOG COMMAND..: in the background, ended by end_all.
started=()
start() {
    "${@:2}" >"$INGLE_DESKTOP/$1.log" 2>&1 &
    started+=($!)
}

end_all() {
    local i
    # The last one first: what draws ends before what it draws on.
    for ((i = ${#started[@]} - 1; i >= 0; i--)); do
        kill "${started[i]}" 2>/dev/null || true
        wait "${started[i]}" 2>/dev/null || true
    done
    started=()
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

# The screen and the folders, then everything else inside of a session bus.
run_desktop() {
    INGLE_DESKTOP=$(mktemp -d "${TMPDIR:-/tmp}/ingle-desktop.XXXXXX")
    export INGLE_DESKTOP HOME=$INGLE_DESKTOP/home XDG_RUNTIME_DIR=$INGLE_DESKTOP/run
    unset DBUS_SESSION_BUS_ADDRESS AT_SPI_BUS_ADDRESS SESSION_MANAGER WAYLAND_DISPLAY XAUTHORITY INGLE_HOME \
        XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_STATE_HOME XDG_CURRENT_DESKTOP XDG_SESSION_TYPE
    mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR"
    trap 'end_all; rm -rf "$INGLE_DESKTOP"' EXIT
    write_panel_settings
    open_news
    start xvfb Xvfb -displayfd "$news" -screen 0 1024x768x24 -nolisten tcp
    local number
    read -r -t "$patience" number <&"$news" || fail "the X server doesn't start" "look into the logs in $INGLE_DESKTOP"
    export DISPLAY=:$number
    exec {news}<&-
    rm "$INGLE_DESKTOP/news"
    # The bus and what it starts are talkative; the command speaks past their log.
    exec {out}>&1 {err}>&2
    dbus-run-session -- "$0" --in-session "$out" "$err" "$@" >"$INGLE_DESKTOP/session.log" 2>&1
}

# run_session STDOUT STDERR COMMAND..: the first two are numbers of open files.
run_session() {
    exec 2>&"$2"
    trap end_all EXIT
    open_news
    start openbox openbox --startup "sh -c 'echo openbox is up >\"\$INGLE_DESKTOP/news\"'"
    wait_for_line "openbox is up" "window manager" <&"$news"
    # What the monitor hears first is its own name; from then on it misses nothing.
    dbus-monitor --session "type='signal',member='NameOwnerChanged',arg0='org.kde.StatusNotifierWatcher'" >"$INGLE_DESKTOP/news" &
    started+=($!)
    wait_for_line NameAcquired "session bus" <&"$news"
    start panel xfce4-panel --disable-wm-check
    wait_for_line org.kde.StatusNotifierWatcher "panel that takes icons" <&"$news"
    kill "${started[1]}"
    "${@:3}" >&"$1" {news}<&-
}

# The right half of the panel is of one colour but for the icon: what is left when that colour is trimmed away.
find_icon() {
    local left=512 top=738 deadline=$((SECONDS + patience)) box width height x y
    while ((SECONDS < deadline)); do
        box=$(import -silent -window root -crop "512x30+$left+$top" +repage miff:- | convert miff:- -trim -format '%w %h %X %Y' info: 2>/dev/null) || box=
        read -r width height x y <<<"${box:-0 0 0 0}"
        # An empty panel, or one that is not drawn yet, gives a box of another size.
        if ((width >= 12 && width <= 30 && height >= 12)); then
            printf '%s %s\n' "$((left + x + width / 2))" "$((top + y + height / 2))"
            return
        fi
    done
    fail "no icon shows in the panel after $patience s" "look at the screen with --shot FILE, and into the logs in ${INGLE_DESKTOP:-the desktop}"
}

case ${1:-} in
    --icon) find_icon ;;
    --shot) import -silent -window root "png:$2" ;;
    --in-session) run_session "${@:2}" ;;
    '') fail "there is no command to run" "it's tests/desktop/panel.sh COMMAND.." ;;
    *) run_desktop "$@" ;;
esac
