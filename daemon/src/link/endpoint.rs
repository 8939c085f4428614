//! This device's end of every connection: one UDP port, kept over restarts so that addresses stay true.
//!
//! No relay, no name lookup, no port mapping: the only packets are those to and from devices that are called by address.
//! What may not live here: who is called or let in.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    path::{Path, PathBuf},
    time::Duration,
};

use iroh::{
    Endpoint, RelayMode, SecretKey,
    endpoint::{BindOpts, IdleTimeout, PortmapperConfig, QuicTransportConfig, VarInt, presets},
};
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::ticket::MAX_ADDRESSES;

/// The protocol of the sync session.
pub const SYNC: &[u8] = b"ingle/sync/1";
/// The protocol of pairing.
pub const PAIR: &[u8] = b"ingle/pair/1";

/// A connection on which nothing at all was heard for this long is gone.
const IDLE_MS: u32 = 15_000;
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// A daemon that has just ended, or the endpoint that this one used for joining, lets go of the port within this time.
const LET_GO: Duration = Duration::from_millis(800);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Bytes that either side may have under way.
const WINDOW: u32 = 2 << 20;

/// What a device needs to be reached.
#[derive(Clone)]
pub struct Station {
    link_secret: Zeroizing<[u8; 32]>,
    port_path: PathBuf,
}

impl std::fmt::Debug for Station {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Station(..)")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no UDP port could be opened")]
pub struct NoPort;

impl Station {
    /// The port is remembered in a file of `data_dir`.
    pub fn new(link_secret: &[u8; 32], data_dir: &Path) -> Self {
        Self { link_secret: Zeroizing::new(*link_secret), port_path: data_dir.join("port") }
    }

    /// Opens the port used last time, or if there is none or another program has it a new one, which is then remembered.
    pub async fn open(&self) -> Result<Endpoint, NoPort> {
        if let Some(port) = self.remembered_port() {
            let again = async {
                loop {
                    if let Some(endpoint) = self.bind(port).await {
                        return endpoint;
                    }
                    sleep(LOOK_AGAIN).await;
                }
            };
            if let Ok(endpoint) = timeout(LET_GO, again).await {
                return Ok(endpoint);
            }
            tracing::info!("the link's UDP port is in use; taking another");
        }
        // Between drawing a port and opening it another program may take it.
        for _ in 0..4 {
            let Ok(port) = draw_port() else { continue };
            if let Some(endpoint) = self.bind(port).await {
                if let Err(error) = self.remember_port(port) {
                    tracing::warn!(%error, "the link's UDP port could not be remembered; other devices must learn it anew after a restart");
                }
                return Ok(endpoint);
            }
        }
        Err(NoPort)
    }

    async fn bind(&self, port: u16) -> Option<Endpoint> {
        let builder = Endpoint::builder(presets::Minimal)
            .secret_key(SecretKey::from_bytes(&self.link_secret))
            .alpns(vec![SYNC.to_vec(), PAIR.to_vec()])
            .relay_mode(RelayMode::Disabled)
            .portmapper_config(PortmapperConfig::Disabled)
            .transport_config(transport())
            .clear_ip_transports()
            .bind_addr(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
            .ok()?
            // Some machines have no IPv6.
            .bind_addr_with_opts(
                SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
                BindOpts::default().set_is_required(false),
            )
            .ok()?;
        builder.bind().await.inspect_err(|error| tracing::debug!(%error, "the UDP port did not open")).ok()
    }

    /// A port is easily drawn anew, so a file that says nothing useful is as good as none.
    fn remembered_port(&self) -> Option<u16> {
        fs::read_to_string(&self.port_path).ok()?.trim().parse().ok().filter(|port| *port != 0)
    }

    fn remember_port(&self, port: u16) -> io::Result<()> {
        fs::write(&self.port_path, format!("{port}\n"))
    }
}

/// Where this device can be called: its interfaces' addresses, and loopback last, for a second device on the same machine.
pub fn addresses(endpoint: &Endpoint) -> Vec<SocketAddr> {
    let mut found: Vec<SocketAddr> =
        endpoint.addr().ip_addrs().copied().filter(|address| is_of_use(address.ip())).collect();
    // Plain home networks first: they answer most often.
    found.sort_by_key(|address| (address.ip().is_loopback(), address.is_ipv6()));
    found.truncate(MAX_ADDRESSES - 1);
    if let Some(port) = endpoint.bound_sockets().iter().find(|bound| bound.is_ipv4()).map(SocketAddr::port) {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if !found.contains(&loopback) {
            found.push(loopback);
        }
    }
    found
}

/// Link-local IPv6 addresses mean nothing without the interface's number, which differs from machine to machine.
fn is_of_use(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_unspecified(),
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_unicast_link_local(),
    }
}

fn transport() -> QuicTransportConfig {
    QuicTransportConfig::builder()
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(IDLE_MS))))
        .keep_alive_interval(KEEP_ALIVE)
        .max_concurrent_bidi_streams(VarInt::from_u32(1))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(VarInt::from_u32(WINDOW))
        .receive_window(VarInt::from_u32(WINDOW))
        .send_window(u64::from(WINDOW))
        .build()
}

fn draw_port() -> io::Result<u16> {
    Ok(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port_of(endpoint: &Endpoint) -> u16 {
        endpoint.bound_sockets().first().expect("it is bound").port()
    }

    #[tokio::test]
    async fn the_port_stays_over_a_restart_and_changes_only_when_it_is_taken() {
        let dir = tempfile::tempdir().expect("a folder");
        let station = Station::new(&[3; 32], dir.path());
        let first = station.open().await.expect("it opens");
        let port = port_of(&first);
        first.close().await;
        drop(first);
        let second = station.open().await.expect("it opens");
        assert_eq!(port_of(&second), port);
        // While the port is taken, another one serves, and is the one remembered.
        let third = station.open().await.expect("it opens");
        assert_ne!(port_of(&third), port);
        assert_eq!(station.remembered_port(), Some(port_of(&third)));
        second.close().await;
        third.close().await;
    }

    #[tokio::test]
    async fn its_addresses_end_with_loopback_and_name_no_link_local_one() {
        let dir = tempfile::tempdir().expect("a folder");
        let endpoint = Station::new(&[4; 32], dir.path()).open().await.expect("it opens");
        let addresses = addresses(&endpoint);
        assert_eq!(addresses.last(), Some(&SocketAddr::from((Ipv4Addr::LOCALHOST, port_of(&endpoint)))));
        assert!(addresses.len() <= MAX_ADDRESSES && addresses.iter().all(|address| is_of_use(address.ip())));
        endpoint.close().await;
    }
}
