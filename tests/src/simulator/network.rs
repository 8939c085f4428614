//! Connections between devices and what is on them. A wire keeps its order, is as slow as the dice want, and loses what is on it
//! when it is cut. Who is connected with whom, and when, is the world's to say.

use std::collections::VecDeque;

use ingle_core::engine::{Input, LinkId};
use ingle_model::DeviceId;

/// One end of a connection, at a device.
#[derive(Debug)]
struct End {
    slot: usize,
    device: DeviceId,
    state: Told,
    /// Frames that the engine gave out and the wire did not take yet.
    waiting: VecDeque<Vec<u8>>,
    /// Frames on their way to the other end.
    wire: VecDeque<Vec<u8>>,
}

/// What the engine at an end was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    Up,
    /// Or the engine is gone.
    Down,
}

#[derive(Debug)]
struct Connection {
    link: LinkId,
    ends: [End; 2],
    is_cut: bool,
}

/// What can happen next at an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    link: LinkId,
    end: usize,
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Up,
    Sent,
    Frame,
    Down,
}

/// The engine used the seam as it must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misuse {
    NoLink,
    TooMany,
}

/// Frames that an engine may give out before the first of them was sent.
const MAX_WAITING: usize = 64;

#[derive(Debug, Default)]
pub struct Network {
    connections: Vec<Connection>,
    made: u64,
}

impl Network {
    /// A new connection. There may be others between the same two.
    pub fn connect(&mut self, ends: [(usize, DeviceId); 2]) {
        self.made += 1;
        let end = |(slot, device)| End {
            slot,
            device,
            state: Told::Nothing,
            waiting: VecDeque::new(),
            wire: VecDeque::new(),
        };
        self.connections.push(Connection { link: LinkId(self.made), ends: ends.map(end), is_cut: false });
    }

    pub fn is_connected(&self, a: usize, b: usize) -> bool {
        self.connections.iter().any(|connection| !connection.is_cut && connection.is_between(a, b))
    }

    /// The pairs that are connected, for each connection once.
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        let up = self.connections.iter().filter(|connection| !connection.is_cut);
        up.map(|connection| (connection.ends[0].slot, connection.ends[1].slot)).collect()
    }

    /// Cuts one connection between the two. The ends hear of it later.
    pub fn cut(&mut self, a: usize, b: usize) {
        let up = self.connections.iter_mut().find(|connection| !connection.is_cut && connection.is_between(a, b));
        up.into_iter().for_each(Connection::cut);
        self.tidy();
    }

    /// The engine at this device has closed it, and hears nothing of it any more.
    pub fn close(&mut self, slot: usize, link: LinkId) {
        for connection in self.connections.iter_mut().filter(|connection| connection.link == link) {
            connection.cut();
            connection.ends.iter_mut().filter(|end| end.slot == slot).for_each(|end| end.state = Told::Down);
        }
        self.tidy();
    }

    /// The device is off: nobody there hears anything any more.
    pub fn drop_device(&mut self, slot: usize) {
        for connection in self.connections.iter_mut().filter(|connection| connection.is_at(slot)) {
            connection.cut();
            connection.ends.iter_mut().filter(|end| end.slot == slot).for_each(|end| end.state = Told::Down);
        }
        self.tidy();
    }

    /// Takes a frame from an engine.
    pub fn give(&mut self, slot: usize, link: LinkId, frame: Vec<u8>) -> Result<(), Misuse> {
        let ends = self.connections.iter_mut().filter(|connection| connection.link == link);
        let end = ends.flat_map(|connection| &mut connection.ends).find(|end| end.slot == slot);
        // What it closed itself it can't send on; what it doesn't know to be cut, it may.
        let end = end.filter(|end| end.state == Told::Up).ok_or(Misuse::NoLink)?;
        if end.waiting.len() >= MAX_WAITING {
            return Err(Misuse::TooMany);
        }
        end.waiting.push_back(frame);
        Ok(())
    }

    /// What can happen at a device.
    pub fn nexts(&self, slot: usize) -> Vec<Next> {
        let mut nexts = Vec::new();
        for connection in &self.connections {
            for (end, at) in connection.ends.iter().enumerate().filter(|(_, end)| end.slot == slot) {
                let all = [
                    (What::Up, at.state == Told::Nothing),
                    (What::Sent, at.state == Told::Up && !at.waiting.is_empty()),
                    (What::Frame, at.state == Told::Up && !connection.ends[1 - end].wire.is_empty()),
                    (What::Down, at.state == Told::Up && connection.is_cut),
                ];
                let possible = all.into_iter().filter(|(_, is_possible)| *is_possible);
                nexts.extend(possible.map(|(what, _)| Next { link: connection.link, end, what }));
            }
        }
        nexts
    }

    /// Whether nothing more comes by itself.
    pub fn is_quiet(&self) -> bool {
        let ends = self.connections.iter().flat_map(|connection| &connection.ends);
        self.connections.iter().all(|connection| !connection.is_cut)
            && ends.into_iter().all(|end| end.state == Told::Up && end.waiting.is_empty() && end.wire.is_empty())
    }

    /// Lets it happen; gives what the engine is told. None when it can't happen any more.
    pub fn happen(&mut self, next: Next) -> Option<Input> {
        let connection = self.connections.iter_mut().find(|connection| connection.link == next.link)?;
        let (link, is_cut) = (connection.link, connection.is_cut);
        let [one, two] = &mut connection.ends;
        let (at, other) = if next.end == 0 { (one, two) } else { (two, one) };
        let input = match next.what {
            What::Up if at.state == Told::Nothing => {
                at.state = Told::Up;
                Input::LinkUp { link, device: other.device }
            }
            What::Sent => {
                let frame = at.waiting.pop_front()?;
                if !is_cut {
                    at.wire.push_back(frame);
                }
                Input::Sent { link }
            }
            What::Frame => Input::Frame { link, frame: other.wire.pop_front()? },
            What::Down if at.state == Told::Up => {
                at.state = Told::Down;
                Input::LinkDown { link }
            }
            What::Up | What::Down => return None,
        };
        self.tidy();
        Some(input)
    }

    fn tidy(&mut self) {
        self.connections.retain(|connection| connection.ends.iter().any(|end| end.state != Told::Down));
    }
}

impl Connection {
    fn is_between(&self, a: usize, b: usize) -> bool {
        let slots = [self.ends[0].slot, self.ends[1].slot];
        slots == [a, b] || slots == [b, a]
    }

    fn is_at(&self, slot: usize) -> bool {
        self.ends.iter().any(|end| end.slot == slot)
    }

    /// What is on the wire is lost. An end that never heard of the connection never will.
    fn cut(&mut self) {
        self.is_cut = true;
        for end in &mut self.ends {
            end.wire.clear();
            if end.state == Told::Nothing {
                end.state = Told::Down;
            }
        }
    }
}
