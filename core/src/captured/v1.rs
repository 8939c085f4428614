//! The bytes of what waits in the inbox, version 1, inside of the seal: the version and JSON. Only ever added to.

use ingle_model::{CheckInDraft, EntryId, Handling, LetterDraft, Moment, Pause, Slot};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Captured, Waiting};

const VERSION: u8 = 1;
/// Most are far shorter, so that the buffer seldom grows and leaves a copy behind.
const USUAL_BYTES: usize = 16 << 10;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: EntryId,
    made: Moment,
    what: What,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    CheckIn(CheckInDraft),
    Letter(LetterDraft),
    Handle(Slot, Handling),
    Pause(Pause),
    Shown(Slot),
}

pub(super) fn write(waiting: &Waiting) -> Zeroizing<Vec<u8>> {
    let what = match &waiting.what {
        Captured::CheckIn(draft) => What::CheckIn(draft.clone()),
        Captured::Letter(draft) => What::Letter(draft.clone()),
        Captured::Handle(slot, how) => What::Handle(*slot, *how),
        Captured::Pause(pause) => What::Pause(*pause),
        Captured::Shown(slot) => What::Shown(*slot),
    };
    let written = Written { id: waiting.id, made: waiting.made.clone(), what };
    let mut out = Zeroizing::new(Vec::with_capacity(USUAL_BYTES));
    out.push(VERSION);
    serde_json::to_writer(&mut *out, &written).expect("texts and numbers are JSON");
    out
}

pub(super) fn read(bytes: &[u8]) -> Option<Waiting> {
    let (&[VERSION], json) = bytes.split_first_chunk()? else { return None };
    let Written { id, made, what } = serde_json::from_slice(json).ok()?;
    let what = match what {
        What::CheckIn(draft) => Captured::CheckIn(draft),
        What::Letter(draft) => Captured::Letter(draft),
        What::Handle(slot, how) => Captured::Handle(slot, how),
        What::Pause(pause) => Captured::Pause(pause),
        What::Shown(slot) => Captured::Shown(slot),
    };
    Some(Waiting { id, made, what })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_the_ones_of_the_golden_vector() {
        let draft = CheckInDraft { cause: Some("nobody came".into()), ..Default::default() };
        let made = Moment::from_parts(1_777_629_600_000, "Europe/Berlin").unwrap();
        let waiting = Waiting { id: EntryId::from_bytes([7; 16]), made, what: Captured::CheckIn(draft) };
        let golden = "\u{1}{\"id\":\"a4dqobyha4dqobyha4dqobyha4\",\"made\":\"2026-05-01T12:00:00+02:00[Europe/Berlin]\",\
                      \"what\":{\"check-in\":{\"cause\":\"nobody came\"}}}";
        assert_eq!(std::str::from_utf8(&write(&waiting)).unwrap(), golden);
        assert_eq!(read(golden.as_bytes()), Some(waiting.clone()));
        let letter = LetterDraft { text: Some("Dear me,".into()), ..Default::default() };
        let letter = Waiting { what: Captured::Letter(letter), ..waiting };
        let golden_letter =
            golden.replace("check-in", "letter").replace("cause", "text").replace("nobody came", "Dear me,");
        assert_eq!(std::str::from_utf8(&write(&letter)).unwrap(), golden_letter);
        assert_eq!(read(golden_letter.as_bytes()), Some(letter));
        for wrong in ["", "\u{1}", "\u{2}{}", &golden[..golden.len() - 1]] {
            assert_eq!(read(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
