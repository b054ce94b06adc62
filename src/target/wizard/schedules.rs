//! Asks for the schedules of a deployment.

use crate::{
    questions::{Ask, NoAnswer, Select, parsed_text},
    schedule::Schedule,
    target::TargetError,
    value::{Mapping, Value},
};

/// The question that asks for the rule of a cron or `rrule` schedule.
struct Rule {
    key: &'static str,
    question: &'static str,
    default: &'static str,
    advice: &'static str,
}

const CRON: Rule = Rule {
    key: "cron",
    question: "Cron string",
    default: "0 0 * * *",
    advice: "Please enter a valid cron string",
};
const RRULE: Rule = Rule {
    key: "rrule",
    question: "RRule string",
    default: "RRULE:FREQ=DAILY;INTERVAL=1",
    advice: "Please enter a valid RRule string",
};

/// Asks for schedules. Returns null if the user adds no schedule, so that existing schedules are kept.
pub(super) async fn schedules(ask: &impl Ask) -> Result<Value, TargetError> {
    if !ask.confirm("Would you like to configure schedules for this deployment?", true).await? {
        return Ok(Value::Null);
    }
    let mut items = Vec::new();
    loop {
        let mut item = schedule(ask).await?;
        if !ask.confirm("Would you like to activate this schedule?", true).await? {
            item.insert("active".into(), false.into());
        }
        items.push(Value::Mapping(item));
        if !ask.confirm("Would you like to add another schedule?", false).await? {
            return Ok(Value::Sequence(items));
        }
    }
}

async fn schedule(ask: &impl Ask) -> Result<Mapping, NoAnswer> {
    let kinds = [
        ("Interval", "Allows you to set flow runs to be executed at fixed time intervals."),
        ("Cron", "Allows you to define recurring flow runs based on a specified pattern using cron syntax."),
        ("RRule", "Allows you to define recurring flow runs using RFC 2445 recurrence rules."),
    ];
    let rows = kinds.iter().map(|(name, meaning)| vec![(*name).to_owned(), (*meaning).to_owned()]).collect();
    match ask.select(Select::new("What type of schedule would you like to use?", rows)).await? {
        Some(1) => calendar(ask, &CRON).await,
        Some(2) => calendar(ask, &RRULE).await,
        _ => interval(ask).await,
    }
}

async fn interval(ask: &impl Ask) -> Result<Mapping, NoAnswer> {
    let seconds = |text: &str| match text.parse::<u32>() {
        Ok(0) => Err("Interval must be greater than 0".to_owned()),
        Ok(seconds) => Ok(Mapping::from_iter([("interval".into(), Value::from(seconds))])),
        Err(_) => Err("Please enter a valid interval denoted in seconds".to_owned()),
    };
    parsed_text(ask, "Seconds between scheduled runs", Some("3600"), seconds).await
}

/// Asks for the rule of a schedule and its time zone.
async fn calendar(ask: &impl Ask, rule: &Rule) -> Result<Mapping, NoAnswer> {
    let item = parsed_text(ask, rule.question, Some(rule.default), |text| {
        let item = Mapping::from_iter([(Value::from(rule.key), Value::from(text))]);
        valid(item, rule.advice)
    })
    .await?;
    parsed_text(ask, "Timezone", Some("UTC"), |zone| {
        let mut item = item.clone();
        item.insert("timezone".into(), zone.into());
        valid(item, "Please enter a valid timezone.")
    })
    .await
}

/// Validates a schedule. The error message contains `advice` and the reasons.
fn valid(item: Mapping, advice: &str) -> Result<Mapping, String> {
    match Schedule::from_item(&item) {
        Ok(_) => Ok(item),
        Err(errors) => {
            let reasons: Vec<String> = errors.iter().map(|error| error.problem.to_string()).collect();
            Err(format!("{advice} ({})", reasons.join("; ")))
        }
    }
}
