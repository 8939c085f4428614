use super::*;

fn told<T>(result: Result<T, Failure>) -> String {
    result.map(|_| ()).expect_err("refused").message
}

#[test]
fn a_feeling_is_a_word_with_or_without_a_number() {
    let check = |given: &str, word: &str, intensity: Option<i64>| {
        assert_eq!(feeling(given), Ok(FeelingDraft { word: word.into(), intensity }), "{given}");
    };
    check("hurt=70", "hurt", Some(70));
    check("ashamed", "ashamed", None);
    check("left out = 5", "left out ", Some(5));
    check("a=b=0", "a=b", Some(0));
    check("=70", "", Some(70));
    // Out of range is for the model to say.
    check("hurt=101", "hurt", Some(101));
    check("hurt=-1", "hurt", Some(-1));
    for given in ["hurt=abc", "hurt=", "hurt=7.5", "hurt=99999999999999999999", "canary=canary"] {
        assert_eq!(told(feeling(given)), "the intensity is not a number from 0 to 100", "{given}");
    }
}

#[test]
fn a_body_note_has_one_to_three_parts() {
    let check = |given: &str, place: &str, quality: Option<&str>, motion: Option<Motion>| {
        let note = BodyDraft { place: place.into(), quality: quality.map(Into::into), motion, strongest: false };
        assert_eq!(body_note(given), Ok(note), "{given}");
    };
    check("chest", "chest", None, None);
    check("chest:tight", "chest", Some("tight"), None);
    check("chest:tight:still", "chest", Some("tight"), Some(Motion::Still));
    check("chest::moving", "chest", None, Some(Motion::Moving));
    check("left shoulder : like lead :", "left shoulder", Some("like lead"), None);
    assert_eq!(
        told(body_note("chest:tight:canary")),
        "the third part of a body note is neither \"still\" nor \"moving\""
    );
    assert_eq!(told(body_note("chest:tight:still:canary")), "a body note has more than three parts");
}

#[test]
fn the_strongest_place_is_marked_alone_and_added_if_it_is_missing() {
    let check = |body: &[&str], strongest: &str, marks: &[(&str, bool)]| {
        let body = body.iter().map(|note| (*note).to_owned()).collect();
        let fields = Fields { body, strongest: Some(strongest.into()), ..Fields::default() };
        let notes = fields.over(CheckInDraft::default(), Purpose::New).expect("well formed").body.expect("notes");
        let told: Vec<(&str, bool)> = notes.iter().map(|note| (note.place.as_str(), note.strongest)).collect();
        assert_eq!(told, marks);
    };
    check(&["chest:tight", "throat"], "throat", &[("chest", false), ("throat", true)]);
    check(&["Chest:tight"], "chest", &[("Chest", true)]);
    check(&["my wing"], " my wing ", &[("my wing", true)]);
    check(&["throat"], "chest", &[("throat", false), ("chest", true)]);
    check(&[], "chest", &[("chest", true)]);
}

#[test]
fn what_is_out_of_range_is_refused_before_anything_is_started() {
    let check = |fields: Fields, told: &str| {
        let result = fields.over(CheckInDraft::default(), Purpose::New);
        let result = result.and_then(|draft| draft.check().map_err(Failure::from));
        assert_eq!(result.map(|_| ()).map_err(|failure| failure.message), Err(told.to_owned()));
    };
    let feel = |text: &str| Fields { feel: vec![text.into()], ..Fields::default() };
    check(Fields::default(), "there is nothing in this check-in yet");
    check(feel("hurt=101"), "the intensity of 101 is not between 0 and 100");
    check(feel("hurt=-1"), "the intensity of -1 is not between 0 and 100");
    check(feel(""), "the feeling can't be kept: it is empty");
    check(Fields { cause: Some(String::new()), ..Fields::default() }, "the cause can't be kept: it is empty");
    check(
        Fields { distress_before: Some("-1".into()), ..Fields::default() },
        "the distress before of -1 is not between 0 and 100",
    );
    check(
        Fields { distress_after: Some("abc".into()), ..Fields::default() },
        "the distress after is not a number from 0 to 100",
    );
    check(Fields { tag: vec![" ".into()], ..Fields::default() }, "the tag can't be kept: it is empty");
    check(
        Fields { at: Some("+99999-01-01T00:00:00Z".into()), ..feel("hurt") },
        "that time can't be kept: the year is outside 1900 to 2199",
    );
}

#[test]
fn an_edit_clears_what_is_given_empty() {
    let fields = Fields { feel: vec![String::new()], cause: Some(String::new()), ..Fields::default() };
    let draft = fields.over(CheckInDraft::default(), Purpose::Edit).expect("well formed");
    assert_eq!((draft.feelings, draft.cause, draft.body), (Some(Vec::new()), Some(String::new()), None));
}

#[test]
fn json_is_read_whole_and_flags_go_before_it() {
    let json = br#"{"feelings":[{"word":"hurt","intensity":70}],"cause":"canary","distress_before":60}"#;
    let base = read_json(json.to_vec(), EXAMPLE).expect("a draft");
    let fields = Fields { feel: vec!["sad".into()], distress_before: Some("50".into()), ..Fields::default() };
    let draft = fields.over(base, Purpose::New).expect("well formed");
    assert_eq!(draft.feelings, Some(vec![FeelingDraft { word: "sad".into(), intensity: None }]));
    assert_eq!((draft.cause.as_deref(), draft.distress_before), (Some("canary"), Some(50)));
}

#[test]
fn json_that_is_none_is_told_by_its_place_and_never_repeated() {
    let check = |input: &[u8], message: &str| {
        let failure = read_json::<CheckInDraft>(input.to_vec(), EXAMPLE).expect_err("no draft");
        assert_eq!(failure.message, format!("{message}; nothing was saved"));
        assert!(!failure.hint.contains("canary"));
    };
    check(b" \n", "there is nothing on the standard input");
    check(b"canary", "the standard input is not JSON (line 1, column 1)");
    check(br#"{"canary":1}"#, "a field on the standard input is unknown, or of another type (line 1, column 9)");
    check(br#"{"cause":7}"#, "a field on the standard input is unknown, or of another type (line 1, column 10)");
    check(&[b'"', 0xff, b'"'], "the standard input is not UTF-8");
    check(&vec![b' '; MAX_REQUEST_BYTES + 1], "the standard input holds more than 8192 KiB");
}
