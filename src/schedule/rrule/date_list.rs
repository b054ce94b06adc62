//! The dates of DTSTART, RDATE and EXDATE lines.

use jiff::{civil::DateTime, tz::TimeZone};

use crate::schedule::date_time::IsoDateTime;

/// Whether a date knows its time zone. Dates that do cannot be compared with dates that do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awareness {
    Local,
    Zoned,
}

/// One date, in upper case.
pub(super) fn date(text: &str) -> Option<(DateTime, Awareness)> {
    let IsoDateTime { local, offset } = IsoDateTime::parse(text)?;
    Some((local, if offset.is_some() { Awareness::Zoned } else { Awareness::Local }))
}

/// The dates of a line with the parameters of its name.
pub(super) fn parse(value: &str, parameters: &[&str]) -> Result<Vec<(DateTime, Awareness)>, String> {
    let mut zoned = false;
    let mut has_value = false;
    for parameter in parameters {
        if let Some(zone) = parameter.strip_prefix("TZID=") {
            // A name that the server does not know leaves the dates without a zone.
            zoned = TimeZone::get(zone).is_ok();
        } else if !matches!(*parameter, "VALUE=DATE-TIME" | "VALUE=DATE") {
            return Err(format!("unsupported parm: {parameter}"));
        } else if has_value {
            return Err(format!("Duplicate value parameter found in: {parameter}"));
        } else {
            has_value = true;
        }
    }
    value
        .split(',')
        .map(|text| match date(text) {
            None => Err(format!("`{text}` is not a date such as 20240131T120000Z")),
            Some((_, Awareness::Zoned)) if zoned => Err(format!("`{text}` has a time zone beside TZID")),
            Some((local, _)) if zoned => Ok((local, Awareness::Zoned)),
            Some(found) => Ok(found),
        })
        .collect()
}
