//! What the link asks of the engine: the seam that its tests stand a small double in.

use std::{future::Future, net::SocketAddr};

use ingle_api::{Event, Failure};
use ingle_core::{engine::LinkId, roster::Member};
use ingle_model::DeviceId;
use tokio::sync::{broadcast, watch};

use crate::engine_task::{EngineHandle, Gone, Link};

/// As [`EngineHandle`]'s methods of the same names.
pub trait Engine: Clone + Send + Sync + 'static {
    fn own(&self) -> &Member;
    /// This device's name, as the household knows it.
    fn name(&self) -> impl Future<Output = Result<String, Gone>> + Send;
    fn link_up(&self, device: DeviceId) -> impl Future<Output = Result<Link, Gone>> + Send;
    fn link_down(&self, link: LinkId) -> impl Future<Output = ()> + Send;
    fn frame(&self, link: LinkId, frame: Vec<u8>) -> impl Future<Output = Result<(), Gone>> + Send;
    fn sent(&self, link: LinkId) -> impl Future<Output = ()> + Send;
    fn members(&self) -> impl Future<Output = Result<Vec<Member>, Gone>> + Send;
    fn invite(&self, member: Member) -> impl Future<Output = Result<Vec<Vec<u8>>, Failure>> + Send;
    fn peer_addresses(&self) -> impl Future<Output = Result<Vec<(DeviceId, Vec<SocketAddr>)>, Gone>> + Send;
    fn learn_addresses(&self, device: DeviceId, addresses: Vec<SocketAddr>) -> impl Future<Output = ()> + Send;
    fn roster_changes(&self) -> watch::Receiver<u64>;
    fn events(&self) -> broadcast::Receiver<Event>;
}

impl Engine for EngineHandle {
    fn own(&self) -> &Member {
        self.own()
    }

    async fn name(&self) -> Result<String, Gone> {
        self.query(|engine| engine.name()).await
    }

    async fn link_up(&self, device: DeviceId) -> Result<Link, Gone> {
        self.link_up(device).await
    }

    async fn link_down(&self, link: LinkId) {
        self.link_down(link).await;
    }

    async fn frame(&self, link: LinkId, frame: Vec<u8>) -> Result<(), Gone> {
        self.frame(link, frame).await
    }

    async fn sent(&self, link: LinkId) {
        self.sent(link).await;
    }

    async fn members(&self) -> Result<Vec<Member>, Gone> {
        self.members().await
    }

    async fn invite(&self, member: Member) -> Result<Vec<Vec<u8>>, Failure> {
        self.invite(member).await
    }

    async fn peer_addresses(&self) -> Result<Vec<(DeviceId, Vec<SocketAddr>)>, Gone> {
        self.peer_addresses().await
    }

    async fn learn_addresses(&self, device: DeviceId, addresses: Vec<SocketAddr>) {
        self.learn_addresses(device, addresses).await;
    }

    fn roster_changes(&self) -> watch::Receiver<u64> {
        self.roster_changes()
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.events()
    }
}

/// The addresses to keep for a device that was met at `met` just now: that one first, then those known, eight at most. `None` if
/// it was first already.
pub(super) fn learnt(known: &[SocketAddr], met: SocketAddr) -> Option<Vec<SocketAddr>> {
    if known.first() == Some(&met) {
        return None;
    }
    let older = known.iter().copied().filter(|address| *address != met);
    Some(std::iter::once(met).chain(older).take(8).collect())
}

/// The known addresses of one device, the one met last first.
pub(super) async fn known_addresses<E: Engine>(engine: &E, device: DeviceId) -> Result<Vec<SocketAddr>, Gone> {
    let all = engine.peer_addresses().await?;
    Ok(all.into_iter().find(|(known, _)| *known == device).map(|(_, addresses)| addresses).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_met_last_comes_first_and_eight_are_kept() {
        let address = |port: u16| SocketAddr::from(([10, 0, 0, 1], port));
        assert_eq!(learnt(&[], address(1)), Some(vec![address(1)]));
        assert_eq!(learnt(&[address(1), address(2)], address(1)), None);
        assert_eq!(learnt(&[address(1), address(2)], address(2)), Some(vec![address(2), address(1)]));
        let many: Vec<SocketAddr> = (1..=8).map(address).collect();
        assert_eq!(
            learnt(&many, address(9)).map(|kept| (kept.len(), kept[0], kept[7])),
            Some((8, address(9), address(7)))
        );
    }
}
