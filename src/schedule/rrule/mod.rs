//! Recurrence rules as defined by RFC 5545, with the semantics of python-dateutil, which the Prefect server uses.
//!
//! The server requires every rule to have a start. By default, a rule starts in 2020. Because the server
//! iterates over all dates from the start, a rule that repeats every few seconds or minutes starts shortly
//! before the current time instead.

mod date_list;
mod rule;

use jiff::{
    Timestamp, ToSpan,
    civil::{DateTime, datetime},
    tz::TimeZone,
};

use date_list::Awareness;
use rule::{Frequency, Rule, Start};

/// Maximum rule length accepted by the server.
const MAX_LENGTH: usize = 6500;
/// The default start.
const DEFAULT_START: DateTime = datetime(2020, 1, 1, 0, 0, 0, 0);

/// The error for an invalid recurrence rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RruleError {
    #[error("Invalid RRule string \"{text}\": {reason}")]
    Invalid { text: String, reason: String },
    #[error("Invalid RRule string \"{beginning}...\": Max length is {MAX_LENGTH}, got {length}")]
    TooLong { beginning: String, length: usize },
}

/// A validated recurrence rule.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Recurrence {
    text: String,
    start: StartToAdd,
}

/// The start to add when sending a rule to the server.
#[derive(Debug, Clone, Copy, PartialEq)]
enum StartToAdd {
    /// No start is added because the rule has a start or ends at a time with a time zone.
    None,
    Default,
    /// The default start, moved forward by a whole number of periods. The `period` is in seconds.
    Recent {
        period: i64,
    },
}

impl Recurrence {
    /// Parses and validates a recurrence rule.
    pub(crate) fn parse(text: &str) -> Result<Self, RruleError> {
        let set = RuleSet::parse(&text.to_uppercase())
            .map_err(|reason| RruleError::Invalid { text: text.to_owned(), reason })?;
        let length = text.chars().count();
        if length > MAX_LENGTH {
            return Err(RruleError::TooLong { beginning: text.chars().take(40).collect(), length });
        }
        Ok(Self { text: text.to_owned(), start: set.start_to_add(text) })
    }

    /// Returns the rule as written in the project file.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns whether a live rule is the same as this rule. Ignores an added start.
    pub(crate) fn is(&self, live: &str) -> bool {
        let started = |rest: &str| rest.split_once('\n').is_some_and(|(_, rule)| rule == self.text);
        live == self.text
            || self.start != StartToAdd::None && live.strip_prefix("DTSTART:").is_some_and(started)
    }

    /// Returns the rule with a start, as sent to the server.
    pub(crate) fn started(&self, zone: &TimeZone, now: Timestamp) -> String {
        let start = match self.start {
            StartToAdd::None => return self.text.clone(),
            StartToAdd::Default => DEFAULT_START,
            StartToAdd::Recent { period } => recent_start(period, zone, now).unwrap_or(DEFAULT_START),
        };
        format!("DTSTART:{}\n{}", start.strftime("%Y%m%dT%H%M%S"), self.text)
    }
}

/// Returns the last time at or before `now` that is a whole number of periods after the default start.
///
/// The server interprets a start without a time zone as local time, so the computation uses local time in `zone`.
/// Returns `None` if the default start is in the future.
fn recent_start(period: i64, zone: &TimeZone, now: Timestamp) -> Option<DateTime> {
    let elapsed = zone.to_datetime(now).duration_since(DEFAULT_START).as_secs();
    if elapsed <= 0 {
        return None;
    }
    DEFAULT_START.checked_add(elapsed.checked_div(period)?.checked_mul(period)?.seconds()).ok()
}

/// The parsed lines of a recurrence rule.
#[derive(Default)]
struct RuleSet {
    rules: Vec<Rule>,
    excluded_rules: Vec<Rule>,
    start: Option<Start>,
    has_dates: bool,
}

impl RuleSet {
    fn parse(text: &str) -> Result<Self, String> {
        let mut set = Self::default();
        let lines: Vec<&str> = text.split_whitespace().collect();
        match lines[..] {
            [] => return Err("empty string".to_owned()),
            [line] if !line.contains(':') || line.starts_with("RRULE:") => set.rules.push(Rule::parse(line)?),
            _ => lines.iter().try_for_each(|line| set.add_line(line))?,
        }
        if set.rules.is_empty() && !set.is_set() {
            return Err("the property RRULE is missing".to_owned());
        }
        for rule in set.rules.iter().chain(&set.excluded_rules) {
            rule.check(set.start)?;
        }
        Ok(set)
    }

    fn add_line(&mut self, line: &str) -> Result<(), String> {
        let (property, value) = line.split_once(':').unwrap_or(("RRULE", line));
        let mut parameters = property.split(';');
        let name = parameters.next().unwrap_or_default();
        let parameters: Vec<&str> = parameters.collect();
        let unsupported = |allowed: &[&str]| match parameters.iter().find(|found| !allowed.contains(found)) {
            Some(parameter) => Err(format!("unsupported {name} parm: {parameter}")),
            None => Ok(()),
        };
        match name {
            "RRULE" => {
                unsupported(&[])?;
                self.rules.push(Rule::parse(value)?);
            }
            "EXRULE" => {
                unsupported(&[])?;
                self.excluded_rules.push(Rule::parse(value)?);
            }
            "RDATE" => {
                unsupported(&["VALUE=DATE-TIME"])?;
                date_list::parse(value, &[])?;
                self.has_dates = true;
            }
            "EXDATE" => {
                date_list::parse(value, &parameters)?;
                self.has_dates = true;
            }
            "DTSTART" => {
                let [(local, awareness)] = date_list::parse(value, &parameters)?[..] else {
                    return Err(format!("Multiple DTSTART values specified:{value}"));
                };
                self.start = Some(Start { time: local.time(), awareness });
            }
            _ => return Err(format!("unsupported property: {name}")),
        }
        Ok(())
    }

    /// Returns whether the recurrence set contains more than one rule, an excluded rule, or explicit dates.
    fn is_set(&self) -> bool {
        self.rules.len() > 1 || !self.excluded_rules.is_empty() || self.has_dates
    }

    fn start_to_add(&self, text: &str) -> StartToAdd {
        let mut rules = self.rules.iter().chain(&self.excluded_rules);
        if text.to_uppercase().contains("DTSTART") || rules.any(|rule| rule.until == Some(Awareness::Zoned)) {
            return StartToAdd::None;
        }
        match &self.rules[..] {
            [rule] if !self.is_set() && !rule.has_count => match rule.frequency {
                Frequency::Secondly => StartToAdd::Recent { period: rule.interval },
                Frequency::Minutely => StartToAdd::Recent { period: rule.interval.saturating_mul(60) },
                _ => StartToAdd::Default,
            },
            _ => StartToAdd::Default,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::zone;

    #[derive(serde::Deserialize)]
    struct Case {
        rrule: String,
        timezone: String,
        sent: Option<String>,
    }

    fn sent(rrule: &str, timezone: &str) -> Option<String> {
        let now = "2026-11-23T14:45:07.250Z".parse().unwrap();
        Some(Recurrence::parse(rrule).ok()?.started(&zone::parse(timezone).unwrap(), now))
    }

    #[test]
    fn accepts_and_starts_rules_as_prefect_does() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../../tests/data/schedule/rrules.json")).unwrap();
        assert!(cases.len() > 120);
        for case in cases {
            assert_eq!(sent(&case.rrule, &case.timezone), case.sent, "{:?}", case.rrule);
        }
    }

    /// Prefect validates such rules at the current hour and minute, so its result depends on the time of day.
    #[test]
    fn validates_rules_from_the_prepended_start() {
        for (rrule, expected) in [
            (
                "FREQ=HOURLY;INTERVAL=2;BYHOUR=2",
                Some("DTSTART:20200101T000000\nFREQ=HOURLY;INTERVAL=2;BYHOUR=2"),
            ),
            ("FREQ=HOURLY;INTERVAL=2;BYHOUR=3", None),
            (
                "FREQ=MINUTELY;INTERVAL=15;BYMINUTE=0,30",
                Some("DTSTART:20261123T144500\nFREQ=MINUTELY;INTERVAL=15;BYMINUTE=0,30"),
            ),
            ("FREQ=MINUTELY;INTERVAL=15;BYMINUTE=7", None),
            (
                "DTSTART:20240101T010000\nRRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=3",
                Some("DTSTART:20240101T010000\nRRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=3"),
            ),
            ("FREQ=DAILY;INTERVAL=0", None),
        ] {
            assert_eq!(sent(rrule, "UTC").as_deref(), expected, "{rrule}");
        }
    }

    #[test]
    fn errors_name_the_reason() {
        let long = format!("FREQ=DAILY;BYHOUR={}1", "1,".repeat(4000));
        for (rrule, message) in [
            ("FREQ=SOMETIMES", "Invalid RRule string \"FREQ=SOMETIMES\": invalid 'FREQ': SOMETIMES"),
            ("FREQ=DAILY;FOO=1", "Invalid RRule string \"FREQ=DAILY;FOO=1\": unknown parameter 'FOO'"),
            (
                "FREQ=DAILY;BYHOUR=24",
                "Invalid RRule string \"FREQ=DAILY;BYHOUR=24\": BYHOUR must be between 0 and 23, not 24",
            ),
            ("INTERVAL=2", "Invalid RRule string \"INTERVAL=2\": FREQ is missing"),
            (
                long.as_str(),
                "Invalid RRule string \"FREQ=DAILY;BYHOUR=1,1,1,1,1,1,1,1,1,1,1,...\": Max length is 6500, got 8019",
            ),
        ] {
            assert_eq!(Recurrence::parse(rrule).unwrap_err().to_string(), message);
        }
    }
}
