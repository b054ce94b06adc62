//! Parses time zones at the end of a phrase, such as `UTC`, `EST`, `+02:00`, `UTC+2` and `America/New_York`.

use jiff::tz::{Offset, TimeZone};

/// Time zone abbreviations and their UTC offsets in minutes. Excludes ambiguous abbreviations such as IST.
const ABBREVIATIONS: [(&str, i32); 36] = [
    ("z", 0),
    ("utc", 0),
    ("gmt", 0),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
    ("akst", -540),
    ("akdt", -480),
    ("hst", -600),
    ("brt", -180),
    ("wet", 0),
    ("west", 60),
    ("bst", 60),
    ("cet", 60),
    ("cest", 120),
    ("eet", 120),
    ("eest", 180),
    ("sast", 120),
    ("msk", 180),
    ("pkt", 300),
    ("sgt", 480),
    ("hkt", 480),
    ("awst", 480),
    ("jst", 540),
    ("kst", 540),
    ("acst", 570),
    ("acdt", 630),
    ("aest", 600),
    ("aedt", 660),
    ("nzst", 720),
    ("nzdt", 780),
];

/// Parses a time zone: an abbreviation, an offset or an IANA name. Returns `None` if the time zone is unknown.
pub(super) fn parse(word: &str) -> Option<TimeZone> {
    let lower = word.to_lowercase();
    if let Some((_, minutes)) = ABBREVIATIONS.iter().find(|(name, _)| *name == lower) {
        return Some(TimeZone::fixed(Offset::from_seconds(minutes * 60).ok()?));
    }
    let offset_of = |word: &str| offset(word).map(TimeZone::fixed);
    if word.starts_with(['+', '-']) {
        return offset_of(word);
    }
    if let Some(offset) = ["utc", "gmt"].iter().find_map(|name| lower.strip_prefix(name)) {
        return offset_of(offset);
    }
    if word.contains('/') { TimeZone::get(word).ok() } else { None }
}

/// Parses a UTC offset such as `+2`, `+02`, `+0200` or `+02:00`.
fn offset(word: &str) -> Option<Offset> {
    let digits = word.strip_prefix(['+', '-'])?.replace(':', "");
    let digits = if digits.len() == 1 { format!("0{digits}") } else { digits };
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 = if digits.len() == 4 { digits[2..].parse().ok()? } else { 0 };
    let sign = if word.starts_with('-') { -1 } else { 1 };
    Offset::from_seconds(sign * (hours * 60 + minutes) * 60).ok()
}
