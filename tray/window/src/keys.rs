//! Which key of the keyboard means what.

use slint::platform::Key as Named;

use crate::quick::Key;

/// The key of the check-in that Slint's key text stands for; `None` for keys that mean nothing to it.
pub fn of_check_in(text: &str, control: bool) -> Option<Key> {
    if control {
        return match text {
            "z" => Some(Key::Undo),
            "." => Some(Key::Curtain),
            _ if is(text, Named::Return) => Some(Key::Save),
            _ => None,
        };
    }
    let named = [
        (Named::Return, Key::Enter),
        (Named::UpArrow, Key::Up),
        (Named::DownArrow, Key::Down),
        (Named::Backspace, Key::Backspace),
        (Named::Escape, Key::Escape),
        (Named::F1, Key::Help),
    ];
    if let Some((_, key)) = named.into_iter().find(|(name, _)| is(text, *name)) {
        return Some(key);
    }
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => Some(Key::Char(letter)),
        _ => None,
    }
}

pub fn is(text: &str, named: Named) -> bool {
    let mut letters = text.chars();
    letters.next() == Some(char::from(named)) && letters.next().is_none()
}

/// The window events of keys named as in `l o n Enter 6 Ctrl+Z`, for programs that type into a window.
pub fn type_into(window: &slint::Window, keys: &str) {
    use slint::platform::WindowEvent;
    for name in keys.split(' ').filter(|name| !name.is_empty()) {
        let (control, name) = name.strip_prefix("Ctrl+").map_or((false, name), |rest| (true, rest));
        let named = match name {
            "Enter" => Some(Named::Return),
            "Esc" => Some(Named::Escape),
            "Up" => Some(Named::UpArrow),
            "Down" => Some(Named::DownArrow),
            "Left" => Some(Named::LeftArrow),
            "Right" => Some(Named::RightArrow),
            "Backspace" => Some(Named::Backspace),
            "Tab" => Some(Named::Tab),
            "Backtab" => Some(Named::Backtab),
            "F1" => Some(Named::F1),
            _ => None,
        };
        let text: slint::SharedString = match (named, name) {
            (Some(named), _) => named.into(),
            (None, "Space") => " ".into(),
            (None, name) => name.to_lowercase().into(),
        };
        if control {
            window.dispatch_event(WindowEvent::KeyPressed { text: Named::Control.into() });
        }
        window.dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
        window.dispatch_event(WindowEvent::KeyReleased { text });
        if control {
            window.dispatch_event(WindowEvent::KeyReleased { text: Named::Control.into() });
        }
    }
}
