//! Parses the dates and times of YAML 1.1.

use jiff::{
    civil::{Date, Time},
    tz::Offset,
};

use super::{cursor::Cursor, node::NodeKind};
use crate::date_time::DateTime;

/// The fields of a timestamp: digit strings that have not been validated.
pub(super) struct Timestamp<'a> {
    date: [&'a str; 3],
    time: Option<TimeOfDay<'a>>,
}

struct TimeOfDay<'a> {
    clock: [&'a str; 3],
    fraction: &'a str,
    zone: Option<Zone<'a>>,
}

enum Zone<'a> {
    Utc,
    Offset { negative: bool, hours: &'a str, minutes: &'a str },
}

impl<'a> Timestamp<'a> {
    /// Splits a timestamp into its fields. Returns `None` if the string does not have the form of a timestamp.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut cursor = Cursor::new(text);
        let year = cursor.digits(4, 4)?;
        cursor.expect('-')?;
        let month = cursor.digits(1, 2)?;
        cursor.expect('-')?;
        let date = [year, month, cursor.digits(1, 2)?];
        if cursor.is_empty() {
            return Some(Self { date, time: None });
        }
        if cursor.expect_any(&['T', 't']).is_none() && cursor.blanks().is_empty() {
            return None;
        }
        let time = Some(TimeOfDay::parse(&mut cursor)?);
        cursor.is_empty().then_some(Self { date, time })
    }

    /// Returns whether an unquoted scalar of this form is a timestamp.
    ///
    /// A date without a time must have a month and a day of two digits.
    pub(super) fn is_implicit(&self) -> bool {
        self.time.is_some() || self.date[1..].iter().all(|part| part.len() == 2)
    }

    /// Converts the fields to a date or a date and time. Returns `None` if the date or time does not exist.
    pub(super) fn resolve(&self) -> Option<NodeKind> {
        let [year, month, day] = self.date;
        let year = year.parse().ok().filter(|year| *year > 0)?;
        let date = Date::new(year, month.parse().ok()?, day.parse().ok()?).ok()?;
        Some(match &self.time {
            None => NodeKind::Date(date),
            Some(time) => {
                let offset = time.zone.as_ref().map(Zone::resolve);
                // An invalid offset makes the whole timestamp invalid, but a missing offset does not.
                let offset = offset.map_or(Some(None), |offset| offset.map(Some))?;
                NodeKind::DateTime(DateTime { local: date.to_datetime(time.resolve()?), offset })
            }
        })
    }
}

impl<'a> TimeOfDay<'a> {
    fn parse(cursor: &mut Cursor<'a>) -> Option<Self> {
        let hour = cursor.digits(1, 2)?;
        cursor.expect(':')?;
        let minute = cursor.digits(2, 2)?;
        cursor.expect(':')?;
        let clock = [hour, minute, cursor.digits(2, 2)?];
        let fraction = if cursor.expect('.').is_some() { cursor.digits(0, usize::MAX)? } else { "" };
        if cursor.is_empty() {
            return Some(Self { clock, fraction, zone: None });
        }
        cursor.blanks();
        Some(Self { clock, fraction, zone: Some(Zone::parse(cursor)?) })
    }

    fn resolve(&self) -> Option<Time> {
        let [hour, minute, second] = self.clock;
        // Python truncates fractions of a second to microseconds.
        let digits = &self.fraction[..self.fraction.len().min(6)];
        let microseconds: i32 = format!("{digits:0<6}").parse().ok()?;
        Time::new(hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?, microseconds * 1000).ok()
    }
}

impl<'a> Zone<'a> {
    fn parse(cursor: &mut Cursor<'a>) -> Option<Self> {
        if cursor.expect('Z').is_some() {
            return Some(Self::Utc);
        }
        let negative = cursor.expect_any(&['-', '+'])? == '-';
        let hours = cursor.digits(1, 2)?;
        let minutes = if cursor.expect(':').is_some() { cursor.digits(2, 2)? } else { "0" };
        Some(Self::Offset { negative, hours, minutes })
    }

    fn resolve(&self) -> Option<Offset> {
        match self {
            Self::Utc => Some(Offset::UTC),
            Self::Offset { negative, hours, minutes } => {
                let minutes = hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?;
                let sign = if *negative { -1 } else { 1 };
                // In Python, a UTC offset must be less than one day.
                (minutes < 24 * 60).then(|| Offset::from_seconds(sign * minutes * 60).ok())?
            }
        }
    }
}
