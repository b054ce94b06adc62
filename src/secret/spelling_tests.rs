//! Tests that secrets are masked in every encoding.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD},
};
use serde_json::Value;

use super::{MASK, Redactor, Secret};

/// A secret with all kinds of escaped characters.
const CANARY: &str = "CANARY7blk/\u{e4}\"<&>_x y'+~%2F";

fn percent(text: &str, safe: &str, is_upper: bool) -> String {
    let encode = |byte: u8| match char::from(byte) {
        character if character.is_ascii_alphanumeric() || safe.contains(character) => character.to_string(),
        _ if is_upper => format!("%{byte:02X}"),
        _ => format!("%{byte:02x}"),
    };
    text.bytes().map(encode).collect()
}

fn json_ascii(text: &str) -> String {
    let escape = |character: char| match character {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        character if character.is_ascii() => character.to_string(),
        character => format!("\\u{:04x}", u32::from(character)),
    };
    text.chars().map(escape).collect()
}

fn html(text: &str, entities: [&str; 5]) -> String {
    ["&", "<", ">", "\"", "'"]
        .iter()
        .zip(entities)
        .fold(text.to_owned(), |text, (raw, entity)| text.replace(raw, entity))
}

fn hex(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn json(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Returns the canary with URL, JSON and HTML escapes.
fn escaped() -> Vec<String> {
    let (c, safe) = (CANARY, "-_.~");
    vec![
        c.to_owned(),
        percent(c, safe, true),
        percent(c, safe, false),
        percent(c, "-_.~/", true),
        percent(c, "-_.~/", true).replace("%20", "+"),
        percent(c, safe, true).replace("%20", "+"),
        percent(c, "-_.*", true).replace("%20", "+"),
        percent(c, "-_.!~*'()", true),
        percent(c, "", false),
        percent(c, ";/?:@&=+$,#-_.!~*'()", true),
        percent(&percent(c, safe, true), safe, true),
        json(c),
        json_ascii(c),
        json(&json(c)),
        json_ascii(&json_ascii(c)),
        json(&json(&json(c))),
        json(c).replace('/', "\\/"),
        json_ascii(c).replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003E"),
        html(c, ["&amp;", "&lt;", "&gt;", "&quot;", "&#x27;"]),
        html(c, ["&#38;", "&#60;", "&#62;", "&#34;", "&#39;"]),
        html(c, ["&#x26;", "&#x3C;", "&#x3e;", "&#x22;", "&apos;"]).replace('/', "&#x2F;"),
        html(&json(c), ["&amp;", "&lt;", "&gt;", "&quot;", "&#x27;"]),
    ]
}

/// Returns the canary in base64, in hexadecimal, in shell quotes and with control characters.
fn encoded() -> Vec<String> {
    let c = CANARY;
    let base64 = |text: String| STANDARD.encode(text);
    vec![
        base64(c.to_owned()),
        base64(format!("{c}\n")),
        base64(format!("user:{c}")),
        base64(format!("a{c}")),
        base64(format!("ab{c}!")),
        base64(format!("{{\"password\": \"{}\"}}", json_ascii(c))),
        base64(base64(format!("user:{c}"))),
        STANDARD_NO_PAD.encode(c),
        URL_SAFE.encode(c),
        URL_SAFE_NO_PAD.encode(format!("user:{c}")),
        percent(&base64(c.to_owned()), "-_.~", true),
        format!("token{}", base64(c.to_owned())),
        hex(c),
        hex(c).to_uppercase(),
        format!("{}\u{1b}[01;31m\u{1b}[K{}\u{1b}[m\u{1b}[K{}", &c[..3], &c[3..6], &c[6..]),
        format!("\u{1b}]8;;x\u{7}{}\u{1b}(B{}", &c[..5], &c[5..]),
        format!("'{}'", c.replace('\'', "'\\''")),
        format!("'{}'", c.replace('\'', "'\"'\"'")),
        c.replace('\u{e4}', "\\xe4").replace('\'', "\\'"),
        c.replace('\u{e4}', "\\xc3\\xa4").replace('\'', "\\'"),
        c.replace('\u{e4}', "\\u{e4}"),
        c.chars()
            .map(|character| {
                let is_special = character.is_ascii_punctuation() || character == ' ';
                if is_special { format!("\\{character}") } else { character.to_string() }
            })
            .collect(),
        format!("{}\u{8}\u{0}{}", &c[..6], &c[6..]),
    ]
}

#[test]
fn masks_every_spelling() {
    let redactor = Redactor::default();
    redactor.learn(&Secret::new(CANARY));
    let encodings = [escaped(), encoded()].concat();
    assert!(encodings.len() >= 40);
    for encoding in encodings {
        for (before, after) in [("", ""), ("key=", ";"), ("{\"a\": \"", "\"}\n"), ("Basic ", " end\nnext")] {
            let masked = redactor.mask(&format!("{before}{encoding}{after}"));
            assert!(masked.contains(MASK), "{encoding}: {masked}");
            let left = masked.replace(MASK, "");
            assert!(left.len() <= before.len() + after.len() + 24, "{encoding}: {masked}");
            assert!(!left.contains("CANARY"), "{encoding}: {masked}");
        }
    }
}

#[test]
fn masks_each_line_of_a_wrapped_encoding() {
    let digits = |number: u32| format!("{:x}", number.wrapping_mul(2_654_435_761));
    let secret: String = (1..60).map(digits).collect();
    let redactor = Redactor::default();
    redactor.learn(&Secret::new(secret.as_str()));
    for prefix in ["", "user:", "{\"token\": \""] {
        let text = format!("{prefix}{secret}");
        for (encoded, width) in
            [(STANDARD.encode(&text), 76), (URL_SAFE.encode(&text), 64), (hex(&text), 60), (hex(&text), 80)]
        {
            let lines: Vec<&str> =
                encoded.as_bytes().chunks(width).map(|line| str::from_utf8(line).unwrap()).collect();
            let (last, lines) = lines.split_last().unwrap();
            for line in lines {
                assert_eq!(redactor.mask(&format!("  {line}")), format!("  {MASK}"), "{width} {prefix}");
            }
            assert!(redactor.mask(last).contains(MASK) || last.len() < 36, "{last}");
            let masked = redactor.mask(&lines.join("\n"));
            assert_eq!(masked.replace(MASK, "").trim(), "", "{masked}");
        }
    }
    let text = STANDARD.encode("You can read this line of ordinary text.");
    assert_eq!(redactor.mask(&text), text);
}

#[test]
fn leaves_other_text_alone() {
    let redactor = Redactor::default();
    redactor.learn(&Secret::new(CANARY));
    redactor.learn(&Secret::new("admin:pass"));
    for text in [
        "",
        "deploying 100% of flows & more \\u00e4 %zz &amp; \u{1b}[31mred\u{1b}[0m",
        "registry.example.com/team/image@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "password pass admin",
        "\\u{110000} \\x &#; &#x110000; % %4 \\",
    ] {
        assert_eq!(redactor.mask(text), text);
    }
}

/// The time to mask a string full of escapes must be proportional to its length.
#[test]
fn masking_is_linear() {
    let redactor = Redactor::default();
    redactor.learn(&Secret::new(CANARY));
    let time = |length: usize| {
        let text = "%25\\\\u0025&amp;amp;QUFBQUFB+'\\''".repeat(length);
        let began = std::time::Instant::now();
        assert!(!redactor.mask(&text).is_empty());
        began.elapsed().as_secs_f64()
    };
    time(500);
    let (short, long) = (time(1000), time(8000));
    assert!(long < 40.0 * short.max(0.001), "{short} s and {long} s");
}
