//! Parses the dates in a recurrence rule's `DTSTART`, `RDATE` and `EXDATE` properties.

use jiff::{civil::DateTime, tz::TimeZone};

use crate::schedule::date_time;

/// Whether a date has a time zone. A date with a time zone cannot be compared with a date without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awareness {
    Local,
    Zoned,
}

/// Parses an uppercase date such as `20240131T120000Z`. Returns `None` if the date is invalid.
pub(super) fn date(text: &str) -> Option<(DateTime, Awareness)> {
    let parsed = date_time::parse(text)?;
    Some((parsed.local, if parsed.offset.is_some() { Awareness::Zoned } else { Awareness::Local }))
}

/// Parses the dates in a property value. `parameters` contains the property's parameters.
pub(super) fn parse(value: &str, parameters: &[&str]) -> Result<Vec<(DateTime, Awareness)>, String> {
    let mut zoned = false;
    let mut has_value = false;
    for parameter in parameters {
        if let Some(zone) = parameter.strip_prefix("TZID=") {
            // Dates in a time zone unknown to the server have no time zone.
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
            Some((_, Awareness::Zoned)) if zoned => Err(format!("`{text}` has both a time zone and TZID")),
            Some((local, _)) if zoned => Ok((local, Awareness::Zoned)),
            Some(found) => Ok(found),
        })
        .collect()
}
