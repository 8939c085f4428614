//! Bad input as one table: what is done, the two lines that the person reads, the exit code, and what became of the journal.
//!
//! A row's words are "canary" wherever a person's own would be. No line may repeat them, nor a ticket.
//!
//! | room | rows about |
//! |---|---|
//! | `typed` | what is typed or piped in: the journal is as it was |
//! | `letters` | letters, reminders and searches that can't be: the journal is as it was |
//! | `nothing_yet` | a home without a journal: there is none afterwards either |
//! | `locked` | passphrases and keychains: nothing is written, and the right key opens it |
//! | `damaged` | journals that are damaged, incomplete or of a newer version: no byte of them is changed |
//! | `disk` | a full disk, and disks that can't be written to |
//! | `tickets` | tickets that are of no use |
//! | `peers` | other programs that call, or are called |

#[path = "bad_input/damaged.rs"]
mod damaged;
#[path = "bad_input/disk.rs"]
mod disk;
#[path = "bad_input/letters.rs"]
mod letters;
#[path = "bad_input/locked.rs"]
mod locked;
#[path = "bad_input/nothing_yet.rs"]
mod nothing_yet;
#[path = "bad_input/peers.rs"]
mod peers;
#[path = "bad_input/table.rs"]
mod table;
#[path = "bad_input/tickets.rs"]
mod tickets;
#[path = "bad_input/typed.rs"]
mod typed;
