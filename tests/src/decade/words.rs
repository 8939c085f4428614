//! Words that people might write on such evenings, in several scripts, put together by dice. What an entry is made of is decided
//! elsewhere.

use crate::simulator::randomness::Dice;

/// In one letter and one check-in of a journal, about three years before its end.
pub const RARE: &str = "kingfisher";
/// In a good part of all entries.
pub const COMMON: &str = "evening";
/// In none.
pub const NONE: &str = "zzyzx";

/// Words that nobody writes twice a month.
const TAIL: usize = 4_000;

/// The frequent ones first. None of them is a feeling's name.
const ENGLISH: &str = "the and to I of that a it was in me for not you is with they on had but my were at she he so this be as all \
    have what there when said would if we out about up no from like who one again time know after how think her him them been only \
    could because then never before just back more evening still other people day did anyone even call called answer answered \
    message phone party table office street window door train kitchen morning night week weekend birthday wedding dinner lunch \
    meeting friend friends brother sister mother father colleague neighbour stranger name voice words letter silence waiting wait \
    waited asked ask invited invite laughed looked looking walked went came left stayed stay home house room bed hands breath \
    shoulders stomach throat warm cold quiet loud slow heavy light long short small big same different enough too much almost \
    perhaps maybe really always sometimes often nobody everyone somebody nothing everything something always between without \
    through against toward around under over another every each many few some most last next first second tomorrow yesterday today \
    tonight later sooner need needed want wanted wish wished hope hoped fear feared remember remembered forget forgot matter mattered \
    belong belonged choose chose chosen mean meant say tell told hear heard see saw seen feel felt keep kept give gave take took make \
    made find found lose lost try tried turn turned write wrote read understand understood believe believed kind gentle honest brave \
    tired human whole true wrong right";
const GERMAN: &str = "ich und die der nicht das mir war es sie wir er aber so mich auch wie zu noch schon wieder niemand abend gestern \
    heute morgen warum vielleicht trotzdem immer nie jemand freunde einladung feier büro küche tür straßenbahn gespräch stille müde \
    größer schön für über können möchte würde hätte wäre früher später allein zusammen weiter atmen bleiben gehen kommen sagen fragen \
    hören fühlen denken schreiben vergessen erinnern hoffen wünschen brauchen genug zuviel langsam ruhig warm kalt leise";
const FRENCH: &str = "je ne café fête pas le la les et que tu il elle nous vous un une dans pour avec sans mais encore déjà jamais toujours \
    fenêtre soirée réponse téléphone être été même après très peut-être demain hier parler écouter attendre oublier espérer";
const GREEK: &str = "δεν και να το με που για ήταν είναι μοναξιά βράδυ κανείς φίλοι σπίτι σιωπή ξανά ίσως πάντα ποτέ αύριο χθες καρδιά φωνή";
const RUSSIAN: &str = "не и я на что мне она он так это как меня все опять никто вечер одиноко друзья дома тишина завтра вчера сердце голос тепло";
const ARABIC: &str = "لم يكن وحيد اليوم صعب لكن قلبي بيت صديق مساء غدا صوت كلام معي بدون هناك كل شيء بخير";
const HEBREW: &str = "לא אני לבד הערב חבר בית שקט מחר אתמול לב קול שוב אולי תמיד אף אחד";
const HINDI: &str = "अकेला मन आज भारी शाम दोस्त घर चुप कल दिल आवाज़ फिर शायद हमेशा क्षमा प्रेम";
const JAPANESE: &str = "今日は 孤独 だった けれど 大丈夫 友達 家 静か 明日 昨日 心 声 また 誰も 来なかった 疲れた。";
const KOREAN: &str = "나는 오늘 괜찮아 혼자 저녁 친구 집 조용히 내일 어제 마음 목소리 다시 아무도 힘들다";
const SIGNS: &str = "😀 👩‍👩‍👧 🙂 😢 💔 ❤️ 🏳️‍🌈 👍🏽 🇫🇷 🌧 🌙 ☕ 🕯 …";

/// What somebody writes with.
#[derive(Debug)]
pub struct Words {
    english: Vec<&'static str>,
    others: Vec<Vec<&'static str>>,
    german: Vec<&'static str>,
    tail: Vec<String>,
}

/// One language of somebody's.
#[derive(Debug, Clone, Copy)]
pub struct Tongue<'a> {
    words: &'a [&'static str],
    /// Names and rare words are put among these.
    has_tail: bool,
    space: &'static str,
}

impl Words {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "words");
        let split = |text: &'static str| text.split_whitespace().collect::<Vec<_>>();
        Self {
            english: split(ENGLISH),
            german: split(GERMAN),
            others: [FRENCH, GREEK, RUSSIAN, ARABIC, HEBREW, HINDI, JAPANESE, KOREAN, SIGNS].map(split).into(),
            tail: (0..TAIL).map(|_| name(&mut dice)).collect(),
        }
    }

    /// Mostly the person's own, sometimes another.
    pub fn tongue(&self, dice: &mut Dice) -> Tongue<'_> {
        match dice.below(20) {
            0..=11 => Tongue { words: &self.english, has_tail: true, space: " " },
            12..=15 => Tongue { words: &self.german, has_tail: true, space: " " },
            _ => {
                let which = dice.below(self.others.len());
                let words = self.others.get(which).map_or(&[][..], Vec::as_slice);
                let space = if words.contains(&"孤独") { "" } else { " " };
                Tongue { words, has_tail: false, space }
            }
        }
    }

    pub fn sentence(&self, tongue: Tongue<'_>, dice: &mut Dice) -> String {
        let mut text = String::new();
        let length = 4 + dice.below(13);
        for index in 0..length {
            if index > 0 {
                text.push_str(if tongue.has_tail && dice.is_one_in(9) { ", " } else { tongue.space });
            }
            let word = self.word(tongue, dice);
            if index == 0 { text.push_str(&capital(word)) } else { text.push_str(word) }
        }
        if tongue.has_tail {
            text.push(if dice.is_one_in(12) { '?' } else { '.' });
        }
        text
    }

    /// Paragraphs of about so many characters together.
    pub fn letter(&self, chars: usize, dice: &mut Dice) -> String {
        let tongue = self.tongue(dice);
        let (mut text, mut length) = (String::new(), 0);
        while length < chars {
            let sentence = self.sentence(tongue, dice);
            length += sentence.chars().count() + 1;
            text.push_str(&sentence);
            text.push_str(if dice.is_one_in(5) { "\n\n" } else { " " });
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }

    fn word<'a>(&'a self, tongue: Tongue<'a>, dice: &mut Dice) -> &'a str {
        if tongue.has_tail && dice.is_one_in(11) {
            let rank = skewed(self.tail.len(), dice);
            return self.tail.get(rank).map_or(COMMON, String::as_str);
        }
        tongue.words.get(skewed(tongue.words.len(), dice)).copied().unwrap_or(COMMON)
    }
}

/// What a search makes of a text, as far as the words above go: small letters without accents.
pub fn plain(text: &str) -> String {
    let fold = |letter: char| match letter {
        'ä' | 'à' | 'á' | 'â' => 'a',
        'é' | 'è' | 'ê' => 'e',
        'ö' | 'ô' | 'ó' => 'o',
        'ü' | 'û' => 'u',
        'ç' => 'c',
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' => 'ι',
        'ό' => 'ο',
        'ύ' => 'υ',
        'ς' => 'σ',
        other => other,
    };
    text.to_lowercase().replace('ß', "ss").chars().map(fold).collect()
}

/// Low ranks much oftener than high ones.
fn skewed(count: usize, dice: &mut Dice) -> usize {
    let rolls = [dice.below(count), dice.below(count), dice.below(count)];
    rolls.into_iter().min().unwrap_or(0)
}

fn name(dice: &mut Dice) -> String {
    const BEGIN: [&str; 16] = ["b", "br", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t"];
    const VOWEL: [&str; 8] = ["a", "e", "i", "o", "u", "ea", "ou", "io"];
    const END: [&str; 8] = ["n", "r", "l", "s", "th", "nd", "ck", "m"];
    let mut name = String::new();
    for _ in 0..2 + dice.below(2) {
        for part in [&BEGIN[..], &VOWEL[..]] {
            name.push_str(dice.pick(part).unwrap_or(&""));
        }
    }
    name.push_str(dice.pick(&END).unwrap_or(&""));
    name
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    first + letters.as_str()
}
