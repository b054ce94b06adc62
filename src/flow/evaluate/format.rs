//! Format specifications, as used by f-strings and the built-in function `format`.

use jiff::civil::Time;

use super::{
    strftime,
    text::to_str,
    value::{Number, Value},
};
use crate::flow::eval_error::{EvalError, EvalResult};

/// A parsed format specification: `[[fill]align][#][0][width][,][.precision][type]`.
#[derive(Debug, Default)]
struct Spec {
    fill: Option<char>,
    align: Option<char>,
    has_prefix: bool,
    groups: Option<char>,
    width: usize,
    precision: Option<usize>,
    kind: Option<char>,
}

/// Maximum width and precision of a format specification. The limit bounds the length of the result.
const WIDTH_LIMIT: usize = 1_000;
const PRECISION_LIMIT: usize = 100;

impl Spec {
    fn parse(spec: &str) -> Option<Self> {
        let mut parsed = Self::default();
        let mut rest: Vec<char> = spec.chars().collect();
        match rest.as_slice() {
            [fill, align @ ('<' | '>' | '^' | '='), ..] => {
                (parsed.fill, parsed.align) = (Some(*fill), Some(*align));
                rest.drain(..2);
            }
            [align @ ('<' | '>' | '^' | '='), ..] => {
                parsed.align = Some(*align);
                rest.remove(0);
            }
            _ => {}
        }
        let mut rest = rest.into_iter().peekable();
        parsed.has_prefix = rest.next_if_eq(&'#').is_some();
        if rest.next_if_eq(&'0').is_some() && parsed.fill.is_none() {
            (parsed.fill, parsed.align) = (Some('0'), Some(parsed.align.unwrap_or('=')));
        }
        let digits = |rest: &mut std::iter::Peekable<std::vec::IntoIter<char>>| {
            let text: String = std::iter::from_fn(|| rest.next_if(char::is_ascii_digit)).collect();
            if text.is_empty() { Some(None) } else { text.parse::<usize>().ok().map(Some) }
        };
        parsed.width = digits(&mut rest)?.unwrap_or_default();
        parsed.groups = rest.next_if(|character| matches!(character, ',' | '_'));
        if rest.next_if_eq(&'.').is_some() {
            parsed.precision = Some(digits(&mut rest)??);
        }
        parsed.kind = rest.next();
        let is_small = parsed.width <= WIDTH_LIMIT && parsed.precision.is_none_or(|it| it <= PRECISION_LIMIT);
        (rest.next().is_none() && is_small).then_some(parsed)
    }

    /// Pads a formatted value to the width of the specification. By default, numbers are aligned to the right.
    fn pad(&self, text: &str, is_number: bool) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        let fill = |count: usize| self.fill.unwrap_or(' ').to_string().repeat(count);
        match self.align.unwrap_or(if is_number { '>' } else { '<' }) {
            '<' => text.to_owned() + &fill(missing),
            '^' => fill(missing / 2) + text + &fill(missing - missing / 2),
            '=' => {
                let digits = text.trim_start_matches('-');
                text[..text.len() - digits.len()].to_owned() + &fill(missing) + digits
            }
            _ => fill(missing) + text,
        }
    }
}

/// Evaluates Python's `format(value, spec)`.
pub(crate) fn format(value: &Value, spec: &str) -> EvalResult<String> {
    if spec.is_empty() {
        return to_str(value);
    }
    let unknown = || EvalError::unknown(format!("the format specification '{spec}' cannot be evaluated"));
    let moment = match value {
        Value::DateTime(moment) => Some(moment.local),
        Value::Date(date) => Some(date.to_datetime(Time::MIN)),
        _ => None,
    };
    if let Some(moment) = moment {
        return strftime::format(moment, spec).ok_or_else(unknown);
    }
    let parsed = Spec::parse(spec).ok_or_else(unknown)?;
    let Spec { has_prefix, groups, precision, kind, .. } = parsed;
    match (value, kind) {
        (Value::Str(text), None | Some('s'))
            if parsed.align != Some('=') && groups.is_none() && !has_prefix =>
        {
            let text: String = text.chars().take(precision.unwrap_or(usize::MAX)).collect();
            Ok(parsed.pad(&text, false))
        }
        // Not supported: Python also inserts separators into the padding zeros.
        _ if groups.is_some() && parsed.fill == Some('0') => Err(unknown()),
        (Value::Int(value), None | Some('d')) if precision.is_none() && !has_prefix => {
            Ok(parsed.pad(&grouped(&value.to_string(), groups), true))
        }
        (Value::Int(value), Some(kind @ ('x' | 'X' | 'o' | 'b')))
            if precision.is_none() && groups.is_none() && *value >= 0 =>
        {
            let (prefix, digits) = match kind {
                'x' => ("0x", format!("{value:x}")),
                'X' => ("0X", format!("{value:X}")),
                'o' => ("0o", format!("{value:o}")),
                _ => ("0b", format!("{value:b}")),
            };
            if has_prefix && parsed.align == Some('=') {
                return Err(unknown());
            }
            Ok(parsed.pad(&format!("{}{digits}", if has_prefix { prefix } else { "" }), true))
        }
        (Value::Int(_) | Value::Float(_), Some('f' | '%')) if !has_prefix => {
            let number = value.number().map_or(0.0, Number::as_float);
            let (number, sign) = if kind == Some('%') { (number * 100.0, "%") } else { (number, "") };
            if !number.is_finite() {
                return Err(unknown());
            }
            let text = format!("{number:.*}", precision.unwrap_or(6));
            Ok(parsed.pad(&(grouped(&text, groups) + sign), true))
        }
        _ => Err(unknown()),
    }
}

/// Inserts a separator between groups of three digits before the decimal point.
fn grouped(number: &str, separator: Option<char>) -> String {
    let Some(separator) = separator else { return number.to_owned() };
    let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut grouped = String::new();
    let digits = whole.trim_start_matches('-').len();
    for (index, character) in whole.trim_start_matches('-').chars().enumerate() {
        if index > 0 && (digits - index).is_multiple_of(3) {
            grouped.push(separator);
        }
        grouped.push(character);
    }
    let sign = if whole.starts_with('-') { "-" } else { "" };
    format!("{sign}{grouped}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_values_or_fails() {
        let int = Value::Int(-7);
        let big = Value::Int(1_234_567);
        let text = Value::text("a");
        let cases = [
            (&int, "", Some("-7")),
            (&int, "03d", Some("-07")),
            (&int, "5", Some("   -7")),
            (&int, "<5", Some("-7   ")),
            (&int, ".2f", Some("-7.00")),
            (&int, "x", None),
            (&big, ",", Some("1,234,567")),
            (&big, "_d", Some("1_234_567")),
            (&big, ",.1f", Some("1,234,567.0")),
            (&Value::Int(255), "#x", Some("0xff")),
            (&Value::Int(5), "08b", Some("00000101")),
            (&Value::Float(0.256), ".1%", Some("25.6%")),
            (&Value::Float(f64::NAN), "f", None),
            (&text, "3", Some("a  ")),
            (&text, ">3", Some("  a")),
            (&text, "*^4", Some("*a**")),
            (&Value::text("long"), ".2", Some("lo")),
            (&text, "d", None),
            (&text, "99999", None),
            (&Value::List(vec![]), "", None),
        ];
        for (value, spec, expected) in cases {
            assert_eq!(format(value, spec).ok().as_deref(), expected, "{spec}");
        }
    }
}
