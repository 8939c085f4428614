//! Measures what people wait for, with the real programs, and prints it as one JSON object. Called by scripts/bench.
//!
//! Times are milliseconds, medians unless they say otherwise; memory is resident, in MiB. What can't be measured here is null,
//! with the reason on the standard error. The first argument is the folder to work in; "decade" as the second leaves all out but the
//! ten years.

use std::{collections::BTreeMap, path::PathBuf};

use serde_json::Value;

mod decade;
mod desktop;
mod journal;
mod process;

/// Key and figure, as they are printed.
type Figures = BTreeMap<&'static str, Value>;

fn main() {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("the folder to work in is the one argument"));
    let is_decade_alone = std::env::args_os().nth(2).is_some_and(|part| part == "decade");
    let mut figures = Figures::new();
    figures.insert("fdatasync_ms", milliseconds(journal::fdatasync(&folder)));
    decade::measure(&mut figures);
    if !is_decade_alone {
        young(&mut figures);
    }
    let object: serde_json::Map<String, Value> =
        figures.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    println!("{}", Value::Object(object));
}

/// Two devices in their first weeks, and the desktop.
fn young(figures: &mut Figures) {
    let pair = journal::Pair::new();
    pair.saves(figures);
    pair.start(figures);
    desktop::measure(&pair, figures);
    pair.idle(figures);
}

/// To a thousandth.
fn milliseconds(duration: std::time::Duration) -> Value {
    rounded(duration.as_secs_f64() * 1000.0)
}

fn rounded(number: f64) -> Value {
    Value::from((number * 1000.0).round() / 1000.0)
}

/// The time below which a share of them lies.
fn percentile(mut times: Vec<std::time::Duration>, percent: usize) -> std::time::Duration {
    times.sort();
    times[(times.len() - 1) * percent / 100]
}

fn median(times: Vec<std::time::Duration>) -> std::time::Duration {
    percentile(times, 50)
}

fn say(what: &str) {
    eprintln!("bench: {what}");
}
