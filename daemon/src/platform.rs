//! What differs between systems, and decides nothing.

use std::path::Path;

use ingle_model::Label;

/// Keeps the process's memory out of core files and other programs of the same user, as far as the system can.
pub fn harden() {
    if cfg!(feature = "unsealed") {
        return;
    }
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        if setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).is_err() {
            tracing::warn!("core files could not be switched off");
        }
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() {
            tracing::warn!("the process could not be closed to other programs");
        }
    }
}

/// Ends when the system asks the process to end.
pub async fn asked_to_end() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind);
        match (listen(SignalKind::terminate()), listen(SignalKind::interrupt()), listen(SignalKind::hangup())) {
            (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) => loop {
                tokio::select! {
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    // The terminal that it was started from has closed.
                    _ = hangup.recv() => {}
                }
            },
            _ => {
                tracing::warn!("the system's signals can't be heard; end Ingle with \"ingle stop\"");
                std::future::pending::<()>().await;
            }
        }
    }
    #[cfg(not(unix))]
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Points the standard streams at nothing. A terminal or a pipe that they led to is free to close.
pub fn let_go_of_streams() {
    #[cfg(unix)]
    if let Ok(nothing) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") {
        use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
        if dup2_stdin(&nothing).and(dup2_stdout(&nothing)).and(dup2_stderr(&nothing)).is_err() {
            tracing::warn!("the standard streams stay open");
        }
    }
}

/// What the computer is called, as a name for a device.
pub fn computer_name() -> Label {
    #[cfg(unix)]
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    // Of a full network name the first part is what people say.
    let short = name.split('.').next().unwrap_or_default();
    Label::new(short).unwrap_or_else(|_| Label::new("computer").expect("a short word"))
}

/// Whether this user may make files in that folder.
pub fn is_writable(dir: &Path) -> bool {
    #[cfg(unix)]
    return rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).is_ok();
    #[cfg(not(unix))]
    return std::fs::metadata(dir).is_ok_and(|dir| !dir.permissions().readonly());
}

/// Room on the disk of that folder; none where the system doesn't say.
pub fn free_bytes(dir: &Path) -> Option<u64> {
    #[cfg(unix)]
    return rustix::fs::statvfs(dir).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    #[cfg(not(unix))]
    return None;
}

/// Whether a daemon takes callers on that socket.
pub fn is_listening(socket: &Path) -> bool {
    #[cfg(unix)]
    return std::os::unix::net::UnixStream::connect(socket).is_ok();
    #[cfg(not(unix))]
    return socket.exists();
}

/// Tells the service manager that requests are answered, if one waits to hear it.
pub fn notify_ready() {
    #[cfg(target_os = "linux")]
    if sd_notify::notify(&[sd_notify::NotifyState::Ready]).is_err() {
        tracing::warn!("the service manager could not be told that the daemon is ready");
    }
}

pub fn notify_stopping() {
    #[cfg(target_os = "linux")]
    if sd_notify::notify(&[sd_notify::NotifyState::Stopping]).is_err() {
        tracing::debug!("the service manager could not be told that the daemon ends");
    }
}
