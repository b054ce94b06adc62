//! Formats and parses dates and times with the format codes of Python's `strftime` and `strptime`.

use jiff::civil::{self, Date, Time};

use crate::date_time::DateTime;

/// Evaluates `datetime.strptime(text, format)`.
///
/// Returns `None` if the text does not match the format, or if either contains something other than the codes `%Y`,
/// `%m`, `%d`, `%H`, `%M` and `%S`, numbers with leading zeros, and punctuation.
pub(super) fn parse(text: &str, format: &str) -> Option<DateTime> {
    let (mut year, mut month, mut day) = (1900, 1, 1);
    let (mut hour, mut minute, mut second) = (0, 0, 0);
    let mut rest = text;
    let mut codes = format.chars();
    while let Some(code) = codes.next() {
        if code != '%' {
            rest = rest.strip_prefix(code)?;
            continue;
        }
        let code = codes.next()?;
        let (digits, after) = rest.split_at_checked(if code == 'Y' { 4 } else { 2 })?;
        rest = after;
        if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        match code {
            'Y' => year = digits.parse().ok()?,
            'm' => month = digits.parse().ok()?,
            'd' => day = digits.parse().ok()?,
            'H' => hour = digits.parse().ok()?,
            'M' => minute = digits.parse().ok()?,
            'S' => second = digits.parse().ok()?,
            _ => return None,
        }
    }
    let date = Date::new(year, month, day).ok().filter(|_| rest.is_empty() && year > 0)?;
    let time = Time::new(hour, minute, second, 0).ok()?;
    Some(DateTime { local: date.to_datetime(time), offset: None })
}

/// Evaluates `moment.strftime(format)`.
///
/// Returns `None` if the result depends on the locale or the platform, or if the format contains an unsupported code.
pub(super) fn format(moment: civil::DateTime, format: &str) -> Option<String> {
    // Whether years before 1000 have leading zeros depends on the platform.
    if moment.year() < 1000 {
        return None;
    }
    let mut text = String::with_capacity(format.len());
    let mut codes = format.chars();
    while let Some(code) = codes.next() {
        if code != '%' {
            text.push(code);
            continue;
        }
        let two = |number: i8| format!("{number:02}");
        let part = match codes.next()? {
            '%' => "%".to_owned(),
            'Y' => moment.year().to_string(),
            'm' => two(moment.month()),
            'd' => two(moment.day()),
            'H' => two(moment.hour()),
            'M' => two(moment.minute()),
            'S' => two(moment.second()),
            'F' => moment.date().to_string(),
            _ => return None,
        };
        text.push_str(&part);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_as_strptime_does() {
        for (text, format, expected) in [
            ("2024-01-31", "%Y-%m-%d", Some("2024-01-31T00:00:00")),
            ("20240131T0405", "%Y%m%dT%H%M", Some("2024-01-31T04:05:00")),
            ("31/12/2024 23:59:58", "%d/%m/%Y %H:%M:%S", Some("2024-12-31T23:59:58")),
            ("06:30", "%H:%M", Some("1900-01-01T06:30:00")),
            ("2024-02-30", "%Y-%m-%d", None),
            ("2024-1-31", "%Y-%m-%d", None),
            ("2024-01-31x", "%Y-%m-%d", None),
            ("2024-01", "%Y-%m-%d", None),
            ("31 Jan 2024", "%d %b %Y", None),
            ("0000-01-01", "%Y-%m-%d", None),
            ("+024-01-01", "%Y-%m-%d", None),
            ("2024", "%", None),
        ] {
            let parsed = parse(text, format).map(|moment| moment.to_string());
            assert_eq!(parsed.as_deref(), expected, "{text} {format}");
        }
    }

    #[test]
    fn formats_as_strftime_does() {
        let moment = civil::date(2024, 2, 3).at(4, 5, 6, 0);
        for (code, expected) in [
            ("%Y-%m-%d", Some("2024-02-03")),
            ("%d.%m.%Y %H:%M:%S", Some("03.02.2024 04:05:06")),
            ("100%%", Some("100%")),
            ("%F", Some("2024-02-03")),
            ("%b", None),
            ("%-d", None),
            ("%", None),
        ] {
            assert_eq!(format(moment, code).as_deref(), expected, "{code}");
        }
        assert_eq!(format(civil::date(999, 1, 1).at(0, 0, 0, 0), "%Y"), None);
    }
}
