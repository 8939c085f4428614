//! The local socket: made in a folder of this user's own, or handed over by the service manager.

use std::io;

use ingle_api::{Failure, FailureKind, Places, client::MAX_SOCKET_PATH};
use interprocess::local_socket::{
    GenericFilePath, ListenerOptions, ToFsName,
    tokio::{Listener, Stream},
    traits::tokio::Listener as _,
};

use crate::{failures, files};

/// The listening socket.
#[derive(Debug)]
pub struct Socket {
    listener: Listener,
}

impl Socket {
    /// Takes the socket that the service manager listens on for us, else makes one. Called only by whoever holds the journal's
    /// lock, so a socket file that is there already is a dead daemon's.
    pub fn listen(places: &Places) -> Result<Self, Failure> {
        if let Some(listener) = inherited()? {
            return Ok(Self { listener });
        }
        check_path(places)?;
        let path = places.socket_path();
        let refused = |error: io::Error| failures::folder(places.runtime_dir(), &error);
        files::create_private_dir(places.runtime_dir()).map_err(refused)?;
        check_private(places)?;
        let name = path.as_path().to_fs_name::<GenericFilePath>().map_err(refused)?;
        let options = ListenerOptions::new().name(name).try_overwrite(true);
        let listener = private(options).create_tokio().map_err(refused)?;
        Ok(Self { listener })
    }

    /// The next caller of the same user. Callers of other users are turned away in silence.
    pub async fn accept(&self) -> io::Result<Stream> {
        loop {
            let stream = self.listener.accept().await?;
            if is_same_user(&stream) {
                return Ok(stream);
            }
            tracing::warn!("a connection of another user was turned away");
        }
    }
}

/// The system allows the socket's path. Where it doesn't, no journal is of any use.
pub fn check_path(places: &Places) -> Result<(), Failure> {
    let length = places.socket_path().as_os_str().len();
    if cfg!(not(unix)) || length <= MAX_SOCKET_PATH {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Unavailable,
        format!("the path of the socket is {length} bytes long; the system allows {MAX_SOCKET_PATH}"),
        "choose a folder with a shorter path",
    ))
}

#[cfg(unix)]
fn private(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    use interprocess::os::unix::local_socket::ListenerOptionsExt;
    options.mode(0o600)
}

#[cfg(not(unix))]
fn private(options: ListenerOptions<'_>) -> ListenerOptions<'_> {
    options
}

#[cfg(unix)]
fn is_same_user(stream: &Stream) -> bool {
    use interprocess::local_socket::traits::StreamCommon;
    let own = rustix::process::geteuid().as_raw();
    stream.peer_creds().is_ok_and(|peer| peer.euid().is_none_or(|uid| uid == own || uid == 0))
}

#[cfg(not(unix))]
fn is_same_user(_stream: &Stream) -> bool {
    true
}

/// The folder of the socket is this user's, and nobody else can write to it.
#[cfg(unix)]
fn check_private(places: &Places) -> Result<(), Failure> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let dir = places.runtime_dir();
    let metadata = std::fs::metadata(dir).map_err(|error| failures::folder(dir, &error))?;
    if metadata.uid() == rustix::process::geteuid().as_raw() && metadata.permissions().mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Unavailable,
        format!("the folder {} belongs to someone else, or others can write to it", dir.display()),
        "make it yours alone (chmod 700), or name another folder with --home",
    ))
}

#[cfg(not(unix))]
fn check_private(_places: &Places) -> Result<(), Failure> {
    Ok(())
}

#[cfg(unix)]
fn inherited() -> Result<Option<Listener>, Failure> {
    let listener = listenfd::ListenFd::from_env().take_unix_listener(0).map_err(|_| not_a_listener())?;
    let Some(listener) = listener else { return Ok(None) };
    let listener = interprocess::os::unix::uds_local_socket::Listener::from(listener);
    let listener =
        interprocess::os::unix::uds_local_socket::tokio::Listener::try_from(listener).map_err(|_| not_a_listener())?;
    Ok(Some(listener.into()))
}

#[cfg(not(unix))]
fn inherited() -> Result<Option<Listener>, Failure> {
    Ok(None)
}

#[cfg(unix)]
fn not_a_listener() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "what the service manager handed over is no listening socket",
        "install the service files of this version again",
    )
}
