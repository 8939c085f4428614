//! What has to be done to one text so that it becomes another: few and small steps, so that what was written elsewhere meanwhile
//! merges well. Compares words, and signs where a script has no spaces. What may not live here: automerge.

use std::ops::Range;

use imara_diff::{Algorithm, Diff, InternedInput};

/// Counts in Unicode scalar values. Steps are done one after the other: `at` counts in the text as the steps before have left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    pub at: usize,
    pub delete: usize,
    pub insert: &'a str,
}

/// Texts that differ in more places than this have little in common, and are exchanged whole.
const MAX_STEPS: usize = 1000;
/// Passages of more words than this are compared by their lines only.
const MAX_WORDS: usize = 8_000;

/// Costs time in proportion to the texts, and a little more where they differ much.
pub fn steps<'a>(old: &str, new: &'a str) -> Vec<Step<'a>> {
    let mut found = Vec::new();
    for (before, after) in hunks((old, new), lines, usize::MAX) {
        let inside = hunks((&old[before.clone()], &new[after.clone()]), words, MAX_WORDS).into_iter();
        found.extend(inside.map(|(inner_before, inner_after)| {
            let (before, after) = (moved(&inner_before, before.start), moved(&inner_after, after.start));
            trimmed(old, new, before, after)
        }));
    }
    if found.len() > MAX_STEPS {
        let (old_start, new_start) = found.first().map_or((0, 0), |(before, after)| (before.start, after.start));
        let (old_end, new_end) = found.last().map_or((0, 0), |(before, after)| (before.end, after.end));
        found = vec![(old_start..old_end, new_start..new_end)];
    }
    let (mut steps, mut at, mut done) = (Vec::new(), 0, 0);
    for (before, after) in found {
        let insert = &new[after];
        at += old[done..before.start].chars().count();
        steps.push(Step { at, delete: old[before.clone()].chars().count(), insert });
        at += insert.chars().count();
        done = before.end;
    }
    steps
}

/// The bytes that differ, in both texts, when they are compared by these pieces; all from the first to the last that differs when
/// those are more than `most`.
fn hunks(
    (old, new): (&str, &str),
    pieces: fn(&str) -> Vec<Range<usize>>,
    most: usize,
) -> Vec<(Range<usize>, Range<usize>)> {
    let (old_pieces, new_pieces) = (pieces(old), pieces(new));
    let is_same = |(one, other): &(&Range<usize>, &Range<usize>)| old[(*one).clone()] == new[(*other).clone()];
    let start = old_pieces.iter().zip(&new_pieces).take_while(is_same).count();
    let ends = old_pieces[start..].iter().rev().zip(new_pieces[start..].iter().rev());
    let end = ends.take_while(is_same).count();
    let (old_pieces, new_pieces) = (&old_pieces[..old_pieces.len() - end], &new_pieces[..new_pieces.len() - end]);
    let (old_end, new_end) =
        (old_pieces.last().map_or(0, |piece| piece.end), new_pieces.last().map_or(0, |piece| piece.end));
    let (old_pieces, new_pieces) = (&old_pieces[start..], &new_pieces[start..]);
    if old_pieces.len().max(new_pieces.len()) > most {
        return vec![(start_of(old_pieces, 0, old_end)..old_end, start_of(new_pieces, 0, new_end)..new_end)];
    }
    let mut input = InternedInput::default();
    input.update_before(old_pieces.iter().map(|piece| &old[piece.clone()]));
    input.update_after(new_pieces.iter().map(|piece| &new[piece.clone()]));
    let diff = Diff::compute(Algorithm::Myers, &input);
    let bytes = diff.hunks().map(|hunk| {
        let before = start_of(old_pieces, hunk.before.start, old_end)..start_of(old_pieces, hunk.before.end, old_end);
        (before, start_of(new_pieces, hunk.after.start, new_end)..start_of(new_pieces, hunk.after.end, new_end))
    });
    bytes.collect()
}

fn moved(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// Where one word is put in the place of another, what differs is told to the sign. All else stays whole, so that two who put words
/// in at the same place have them beside each other and not inside of each other.
fn trimmed(old: &str, new: &str, before: Range<usize>, after: Range<usize>) -> (Range<usize>, Range<usize>) {
    if words(&old[before.clone()]).len() != 1 || words(&new[after.clone()]).len() != 1 {
        return (before, after);
    }
    let (old, new) = (&old[before.clone()], &new[after.clone()]);
    let same = old.chars().zip(new.chars()).take_while(|(one, other)| one == other);
    let start = same.map(|(one, _)| one.len_utf8()).sum();
    let ends = old[start..].chars().rev().zip(new[start..].chars().rev());
    let end: usize = ends.take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8()).sum();
    (before.start + start..before.end - end, after.start + start..after.end - end)
}

fn lines(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let ends = text.split_inclusive('\n').map(|line| {
        let from = start;
        start += line.len();
        from..start
    });
    ends.collect()
}

/// Words, the space between them, and every other sign for itself; where a script has no spaces, that is every sign.
fn words(text: &str) -> Vec<Range<usize>> {
    /// From here on scripts are written without spaces, or are pictures.
    const WITHOUT_SPACES: char = '\u{2e80}';
    let mut all: Vec<Range<usize>> = Vec::new();
    let mut last = None;
    for (at, sign) in text.char_indices() {
        let end = at + sign.len_utf8();
        let is_run = sign < WITHOUT_SPACES && (sign.is_whitespace() || sign.is_alphanumeric());
        let kind = is_run.then_some(sign.is_whitespace());
        match all.last_mut() {
            Some(word) if kind.is_some() && kind == last => word.end = end,
            _ => all.push(at..end),
        }
        last = kind;
    }
    all
}

/// Where the piece of that number begins; behind the last one, where that ends.
fn start_of(pieces: &[Range<usize>], number: u32, end: usize) -> usize {
    let number = usize::try_from(number).unwrap_or(usize::MAX);
    pieces.get(number).map_or(end, |piece| piece.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Random as _, Seeded};

    fn done(old: &str, steps: &[Step<'_>]) -> String {
        let mut text: Vec<char> = old.chars().collect();
        for step in steps {
            text.splice(step.at..step.at + step.delete, step.insert.chars());
        }
        text.into_iter().collect()
    }

    #[test]
    fn what_two_texts_share_is_left_alone() {
        let check = |old: &str, new: &str, expected: &[(usize, usize, &str)]| {
            let found = steps(old, new);
            assert_eq!(done(old, &found), new);
            let found: Vec<_> = found.iter().map(|step| (step.at, step.delete, step.insert)).collect();
            assert_eq!(found, expected, "{old} -> {new}");
        };
        check("", "", &[]);
        check("same", "same", &[]);
        check("", "all new", &[(0, 0, "all new")]);
        check("all gone", "", &[(0, 8, "")]);
        check("Dear me", "Dear me, it hurts", &[(7, 0, ", it hurts")]);
        check("one two three four", "1 two three 4", &[(0, 3, "1"), (12, 4, "4")]);
        check("größer wäre schön", "größe wäre schöner", &[(5, 1, ""), (16, 0, "er")]);
        check("今日は疲れた", "今日は少し疲れました", &[(3, 0, "少し"), (7, 0, "まし")]);
        check("😀 ja 👍🏽", "😀 👍🏽", &[(2, 3, "")]);
        check("one word", "one wound word", &[(4, 0, "wound ")]);
        check("one wound word", "one word", &[(4, 6, "")]);
    }

    #[test]
    fn two_novels_that_have_nothing_in_common_are_no_trap() {
        let old: String = (0..20_000u32).map(|n| format!("{} ", n.wrapping_mul(2_654_435_761))).collect();
        let new: String = (0..20_000u32).map(|n| format!("{} ", n.wrapping_mul(2_246_822_519) | 1)).collect();
        let found = steps(&old, &new);
        assert!(found.len() <= MAX_STEPS);
        assert_eq!(done(&old, &found), new);
    }

    #[test]
    fn the_steps_lead_to_the_new_text() {
        const SIGNS: [char; 8] = ['a', 'b', ' ', 'é', '日', '\u{301}', '😀', '\n'];
        let mut random = Seeded::new(5);
        let mut drawn = || {
            let mut signs = [0; 40];
            random.fill(&mut signs);
            let length = usize::from(signs[0] % 40);
            signs[..length].iter().map(|sign| SIGNS[usize::from(sign % 8)]).collect::<String>()
        };
        for _ in 0..5_000 {
            let (old, new) = (drawn(), drawn());
            assert_eq!(done(&old, &steps(&old, &new)), new, "{old:?} -> {new:?}");
        }
    }
}
