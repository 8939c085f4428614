//! Waiting for the clock on the wall, which goes on while the computer sleeps and can be set.
//!
//! On Linux it is one timer of the system that also ends a wait when the clock is set or the computer wakes up, and one watch over
//! the zone. Elsewhere the clock is looked at every minute. What is waited for is not decided here.

use std::time::Duration;

use jiff::Timestamp;

/// How long a wait takes where the system doesn't tell of a clock that was set.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct WallTimer {
    #[cfg(target_os = "linux")]
    system: Option<linux::Timer>,
}

impl WallTimer {
    /// Inside of the runtime that will wait.
    pub fn new() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            system: linux::Timer::new().inspect_err(|why| tracing::warn!(kind = %why.kind(), "no timer")).ok(),
        }
    }

    /// Returns when the instant has come, or something else about the clock: then look at it, and wait again. Without an instant it
    /// never returns. Can be dropped.
    pub async fn wait(&mut self, at: Option<Timestamp>) {
        let Some(at) = at else { return std::future::pending().await };
        #[cfg(target_os = "linux")]
        if let Some(system) = &mut self.system {
            match system.wait(at).await {
                Ok(()) => return jiff::tz::reset_system_time_zone_cache(),
                Err(why) => {
                    tracing::warn!(kind = %why.kind(), "the timer of the system can't be used");
                    self.system = None;
                }
            }
        }
        let left = Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO);
        tokio::time::sleep(left.min(LOOK_AGAIN)).await;
        jiff::tz::reset_system_time_zone_cache();
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{io, os::fd::OwnedFd};

    use jiff::Timestamp;
    use rustix::{
        fs::inotify,
        io::Errno,
        time::{
            Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
        },
    };
    use tokio::io::unix::AsyncFd;

    /// Where the link to the zone's file lies. It is replaced when the zone is another.
    const ZONE_DIR: &str = "/etc";

    #[derive(Debug)]
    pub struct Timer {
        timer: AsyncFd<OwnedFd>,
        /// Without one a new zone is learnt at the next wait's end.
        zone: Option<AsyncFd<OwnedFd>>,
    }

    impl Timer {
        pub fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
            let timer = watched(timerfd_create(TimerfdClockId::Realtime, flags)?)?;
            Ok(Self { timer, zone: watch_zone().ok() })
        }

        pub async fn wait(&mut self, at: Timestamp) -> io::Result<()> {
            let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
            // All zeroes would disarm it.
            let at = at.max(Timestamp::from_second(1).unwrap_or(Timestamp::MAX));
            let until = Timespec { tv_sec: at.as_second(), tv_nsec: at.subsec_nanosecond().into() };
            let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
            let armed =
                timerfd_settime(self.timer.get_ref(), flags, &Itimerspec { it_interval: zero, it_value: until });
            match armed {
                Ok(_) => {}
                // The clock was set between two waits.
                Err(Errno::CANCELED) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
            let zone = async {
                match &self.zone {
                    Some(zone) => drained(zone).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                come = drained(&self.timer) => come,
                moved = zone => moved,
            }
        }
    }

    fn watch_zone() -> io::Result<AsyncFd<OwnedFd>> {
        let watch = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)?;
        inotify::add_watch(&watch, ZONE_DIR, inotify::WatchFlags::CREATE | inotify::WatchFlags::MOVED_TO)?;
        watched(watch)
    }

    #[expect(
        deprecated,
        reason = "unsound for types that lose their descriptor, which this one doesn't; what is new is unsafe"
    )]
    fn watched(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
        AsyncFd::new(descriptor)
    }

    /// Waits until there is something to read, and reads it. A clock that was set is told as a read that was cancelled.
    async fn drained(descriptor: &AsyncFd<OwnedFd>) -> io::Result<()> {
        loop {
            let mut ready = descriptor.readable().await?;
            let read = ready.try_io(|descriptor| {
                let mut bytes = [0; 4096];
                Ok(rustix::io::read(descriptor.get_ref(), &mut bytes[..])?)
            });
            match read {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) if error.raw_os_error() == Some(Errno::CANCELED.raw_os_error()) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                // Somebody else was awake for nothing.
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_ends_at_its_instant_and_not_before() {
        let mut timer = WallTimer::new();
        let at = Timestamp::now() + jiff::SignedDuration::from_millis(30);
        while Timestamp::now() < at {
            timer.wait(Some(at)).await;
        }
        // One that has passed, and one after a wait that was given up.
        timer.wait(Some(Timestamp::UNIX_EPOCH)).await;
        let later = at + jiff::SignedDuration::from_hours(1);
        tokio::select! {
            biased;
            () = timer.wait(Some(later)) => panic!("an hour has not passed"),
            () = tokio::task::yield_now() => {}
        }
        timer.wait(Some(at)).await;
    }
}
