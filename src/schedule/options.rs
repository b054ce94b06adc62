//! Command-line options that define schedules.

use crate::value::{Mapping, Value, is_truthy};

/// The values of the options `--cron`, `--interval`, `--rrule`, `--anchor-date` and `--timezone`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ScheduleOptions {
    pub(crate) cron: Vec<String>,
    /// The values of `--interval`, in seconds.
    pub(crate) interval: Vec<i64>,
    pub(crate) rrule: Vec<String>,
    pub(crate) anchor_date: Option<String>,
    pub(crate) timezone: Option<String>,
}

/// Appends the schedules from command-line options to a deployment's schedules.
///
/// The anchor date applies to all intervals, and the time zone applies to all schedules, including the
/// deployment's own schedules.
pub(crate) fn with_options(mut items: Vec<Mapping>, options: &ScheduleOptions) -> Vec<Mapping> {
    let item = |key: &str, value: Value| Mapping::from_iter([(Value::from(key), value)]);
    items.extend(options.cron.iter().map(|cron| item("cron", Value::from(cron.as_str()))));
    items.extend(options.interval.iter().map(|seconds| item("interval", Value::from(*seconds))));
    items.extend(options.rrule.iter().map(|rrule| item("rrule", Value::from(rrule.as_str()))));
    let non_empty = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    for item in &mut items {
        if let Some(anchor) = non_empty(&options.anchor_date)
            && item.get("interval").is_some_and(is_truthy)
        {
            item.insert(Value::from("anchor_date"), Value::from(anchor));
        }
        if let Some(timezone) = non_empty(&options.timezone) {
            item.insert(Value::from("timezone"), Value::from(timezone));
        }
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(yaml: &str) -> Vec<Mapping> {
        serde_yaml::from_str(yaml).unwrap()
    }

    #[test]
    fn appends_schedules_from_options() {
        let options = ScheduleOptions {
            cron: vec!["0 1 * * *".into()],
            interval: vec![60, 120],
            rrule: vec!["FREQ=DAILY".into()],
            anchor_date: Some("2022-01-01".into()),
            timezone: Some("Europe/Rome".into()),
        };
        let found = with_options(
            items(
                "[{interval: 3600, anchor_date: '2020-01-01', slug: hourly}, {cron: '@daily', timezone: UTC}]",
            ),
            &options,
        );
        let expected = items(
            "- {interval: 3600, anchor_date: '2022-01-01', slug: hourly, timezone: Europe/Rome}
             - {cron: '@daily', timezone: Europe/Rome}
             - {cron: '0 1 * * *', timezone: Europe/Rome}
             - {interval: 60, anchor_date: '2022-01-01', timezone: Europe/Rome}
             - {interval: 120, anchor_date: '2022-01-01', timezone: Europe/Rome}
             - {rrule: FREQ=DAILY, timezone: Europe/Rome}"
                .replace("             ", "")
                .as_str(),
        );
        assert_eq!(found, expected);
    }

    #[test]
    fn ignores_empty_options() {
        let given = items("[{interval: 60}]");
        let options = ScheduleOptions { timezone: Some(String::new()), ..ScheduleOptions::default() };
        assert_eq!(with_options(given.clone(), &options), given);
    }
}
