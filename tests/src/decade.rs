//! Years of somebody's evenings, from a seed: check-ins, letters, tags, second thoughts. The same seed gives the same words at the
//! same moments.
//!
//! | room | |
//! |---|---|
//! | [`words`] | what is written |
//! | [`writing`] | into a home, through the real engine and its store |
//! | [`reference`] | what a list, a search or an entry shows then, in plain terms |

use std::collections::BTreeMap;

use ingle_model::{
    CheckInDraft, LetterDraft, Moment,
    body::{PLACES, QUALITIES},
    check_in::{BodyDraft, FeelingDraft},
    letter::VOICES,
    vocabulary::FIXED,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use self::words::{RARE, Words};
use crate::simulator::randomness::Dice;

pub mod reference;
pub mod words;
pub mod writing;

pub const TAGS: [&str; 12] = [
    "work",
    "family",
    "Sunday",
    "dating",
    "choir",
    "neighbours",
    "école",
    "прогулка",
    "مدرسة",
    "友達",
    "left-out",
    "first aid",
];
const OTHER_FEELINGS: [&str; 8] =
    ["disappointed", "jealous", "worried", "resentful", "empty", "hopeless", "relieved", "grateful"];
const OWN_FEELINGS: [&str; 6] = ["like glass", "verloren", "behind a pane", "καημός", "空っぽ", "two sizes too small"];

/// How long somebody wrote, and how much.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    pub days: usize,
    pub check_ins: usize,
    pub letters: usize,
    /// About so many characters a letter.
    pub letter_chars: usize,
}

impl Share {
    pub const TEN_YEARS: Self = Self { days: 3_652, check_ins: 18_000, letters: 1_500, letter_chars: 2_000 };
    pub const THREE_MONTHS: Self = Self { days: 91, check_ins: 450, letters: 38, letter_chars: 2_000 };
}

/// What is done, and when.
#[derive(Debug)]
pub struct Planned {
    pub at: Moment,
    pub step: Step,
}

/// Entries are named by the order in which they were begun.
#[derive(Debug)]
pub enum Step {
    CheckIn(CheckInDraft),
    Letter(LetterDraft),
    Edit { entry: usize, draft: CheckInDraft },
    EditLetter { entry: usize, draft: LetterDraft },
    Delete { entry: usize },
}

/// All of it in order. The last day ends at `end`.
pub fn plan(seed: u64, share: Share, end: Timestamp) -> Vec<Planned> {
    let planner =
        Planner { words: Words::new(seed), share, end, zones: ["Europe/Berlin", "America/New_York"].map(zone) };
    planner.plan(&mut Dice::new(seed, "decade"))
}

struct Planner {
    words: Words,
    share: Share,
    end: Timestamp,
    /// Where the person lives, and where they sometimes are.
    zones: [TimeZone; 2],
}

impl Planner {
    fn plan(&self, dice: &mut Dice) -> Vec<Planned> {
        let mut begun: Vec<(Timestamp, bool)> = (0..self.share.check_ins + self.share.letters)
            .map(|index| (self.some_time(dice), index >= self.share.check_ins))
            .collect();
        begun.sort();
        let rare = self.rare(&begun);
        let mut steps = BTreeMap::new();
        for (entry, (at, is_letter)) in begun.into_iter().enumerate() {
            let is_rare = rare.contains(&Some(entry));
            let (step, more) =
                if is_letter { self.letter(entry, is_rare, dice) } else { self.check_in(entry, at, is_rare, dice) };
            // At one instant nothing comes before what was there first.
            steps.insert((at, entry, 0), step);
            for (index, (after, step)) in more.into_iter().enumerate() {
                let at = (at + after).min(self.end);
                steps.insert((at, entry, index + 1), step);
            }
        }
        let at = |at: Timestamp| self.moment(at);
        steps.into_iter().map(|((instant, ..), step)| Planned { at: at(instant), step }).collect()
    }

    fn some_time(&self, dice: &mut Dice) -> Timestamp {
        self.end - hours(dice.below(self.share.days * 24)) - SignedDuration::from_millis(dice.millis(3_600_000))
    }

    /// The first letter and the first check-in of the last three tenths.
    fn rare(&self, begun: &[(Timestamp, bool)]) -> [Option<usize>; 2] {
        let since = self.end - hours(self.share.days * 24 * 3 / 10);
        [true, false].map(|wanted| begun.iter().position(|(at, is_letter)| *at >= since && *is_letter == wanted))
    }

    /// Three weeks of the year are spent elsewhere.
    fn moment(&self, at: Timestamp) -> Moment {
        let [home, away] = &self.zones;
        let day = home.to_datetime(at).date().day_of_year();
        let zone = if (200..221).contains(&day) { away } else { home };
        Moment::new(at, zone.clone()).expect("a year of this century")
    }

    fn check_in(
        &self,
        entry: usize,
        at: Timestamp,
        is_rare: bool,
        dice: &mut Dice,
    ) -> (Step, Vec<(SignedDuration, Step)>) {
        let tongue = self.words.tongue(dice);
        let sentence = |dice: &mut Dice| self.words.sentence(tongue, dice);
        let mut cause = (dice.below(10) < 6).then(|| sentence(dice));
        if is_rare {
            cause = Some(format!("A {RARE} over the water."));
        }
        let draft = CheckInDraft {
            feelings: Some((0..1 + dice.below(3)).map(|_| feeling(dice)).collect()),
            body: dice.is_one_in(3).then(|| vec![body(dice)]),
            cause,
            thought: dice.is_one_in(3).then(|| sentence(dice)),
            urge: dice.is_one_in(5).then(|| sentence(dice)),
            distress_before: dice.is_one_in(5).then(|| dice.millis(101)),
            distress_after: None,
            tags: dice.is_one_in(3).then(|| tags(dice)),
            // Told a few hours later.
            at: dice.is_one_in(30).then(|| {
                let about = at - SignedDuration::from_mins(30 + dice.millis(1_000));
                self.moment(about).to_string()
            }),
        };
        let mut more = Vec::new();
        if dice.is_one_in(20) {
            let draft = CheckInDraft {
                urge: Some(sentence(dice)),
                distress_after: Some(dice.millis(101)),
                ..CheckInDraft::default()
            };
            more.push((later(dice), Step::Edit { entry, draft }));
        }
        if dice.is_one_in(100) && !is_rare {
            more.push((SignedDuration::from_hours(30), Step::Delete { entry }));
        }
        (Step::CheckIn(draft), more)
    }

    fn letter(&self, entry: usize, is_rare: bool, dice: &mut Dice) -> (Step, Vec<(SignedDuration, Step)>) {
        let mut text = self.words.letter(self.share.letter_chars, dice);
        if is_rare {
            text.push_str(&format!("\nDo you remember the {RARE}?\n"));
        }
        let voice = match dice.below(6) {
            0 => None,
            1 => Some("grandmother".to_owned()),
            _ => dice.pick(&VOICES).map(|voice| voice.id.to_owned()),
        };
        let mut more = Vec::new();
        if dice.is_one_in(3) {
            // Gone on with after a while.
            let draft =
                LetterDraft { text: Some(text.clone() + &self.words.letter(200, dice)), ..LetterDraft::default() };
            more.push((later(dice), Step::EditLetter { entry, draft }));
        }
        let draft = LetterDraft {
            text: Some(text),
            voice,
            tags: dice.is_one_in(4).then(|| tags(dice)),
            distress_before: dice.is_one_in(4).then(|| dice.millis(101)),
            ..LetterDraft::default()
        };
        (Step::Letter(draft), more)
    }
}

fn later(dice: &mut Dice) -> SignedDuration {
    SignedDuration::from_secs(60) + SignedDuration::from_millis(dice.millis(7_200_000))
}

fn feeling(dice: &mut Dice) -> FeelingDraft {
    let word = match dice.below(10) {
        0 => dice.pick(&OWN_FEELINGS).copied(),
        1..=6 => dice.pick(&FIXED).copied(),
        _ => dice.pick(&OTHER_FEELINGS).copied(),
    };
    let intensity = (!dice.is_one_in(4)).then(|| dice.millis(11) * 10);
    FeelingDraft { word: word.unwrap_or("hurt").to_owned(), intensity }
}

fn body(dice: &mut Dice) -> BodyDraft {
    BodyDraft {
        place: dice.pick(PLACES).map_or("chest", |place| place.id).to_owned(),
        quality: dice.pick(QUALITIES).map(|quality| quality.id.to_owned()),
        motion: None,
        strongest: dice.is_one_in(2),
    }
}

fn tags(dice: &mut Dice) -> Vec<String> {
    (0..1 + dice.below(2)).filter_map(|_| dice.pick(&TAGS)).map(|tag| (*tag).to_owned()).collect()
}

fn hours(count: usize) -> SignedDuration {
    SignedDuration::from_hours(i64::try_from(count).expect("it is a life at most"))
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone that there is")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_years_twice_and_another_one_others() {
        let end = "2025-06-01T20:00:00Z".parse().expect("a time");
        let told = |seed| {
            let plan = plan(seed, Share { letters: 5, check_ins: 60, ..Share::THREE_MONTHS }, end);
            let words = plan.into_iter().map(|planned| match planned.step {
                Step::CheckIn(draft) | Step::Edit { draft, .. } => draft.cause.unwrap_or_default(),
                Step::Letter(draft) | Step::EditLetter { draft, .. } => draft.text.unwrap_or_default(),
                Step::Delete { entry } => entry.to_string(),
            });
            words.collect::<Vec<_>>()
        };
        assert_eq!(told(7), told(7));
        assert_ne!(told(7), told(8));
    }

    #[test]
    fn every_draft_can_be_kept_and_the_moments_go_forward() {
        let end = "2025-06-01T20:00:00Z".parse().expect("a time");
        let plan = plan(3, Share::THREE_MONTHS, end);
        assert!(plan.is_sorted_by_key(|planned| planned.at.millis()));
        for Planned { step, .. } in &plan {
            match step {
                Step::CheckIn(draft) => draft.check().map(|_| ()).expect("it can be kept"),
                Step::Letter(draft) => draft.check().map(|_| ()).expect("it can be kept"),
                Step::Edit { .. } | Step::EditLetter { .. } | Step::Delete { .. } => {}
            }
        }
    }
}
