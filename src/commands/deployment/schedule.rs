//! `prefectl deployment schedule`.

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::super::{Context, connection};
use crate::{
    api::{Client, Deployment, DeploymentSchedule, JsonObject},
    cli::{
        ActivateScheduleArguments, ConsentArguments, CreateScheduleArguments, OutputArguments,
        ScheduleCommand,
    },
    deployment::{self, DeploymentError, schedules},
    error::{CommandError, Exit, Incomplete},
    escape,
    schedule::{Schedule, ScheduleError, cron_in_words},
    ui::Caption,
    value::{Mapping, Value},
};

pub(super) async fn run(command: ScheduleCommand, context: &Context) -> Result<Exit, CommandError> {
    match command {
        ScheduleCommand::Create(arguments) => create(&arguments, context).await?,
        ScheduleCommand::Ls { name, output } => list(&name, output, context).await?,
        ScheduleCommand::Delete { name, id, consent, output } => {
            delete(&name, id, consent, output, context).await?;
        }
        ScheduleCommand::Clear { name, consent, output } => clear(&name, consent, output, context).await?,
        ScheduleCommand::Pause(arguments) => activate(&arguments, false, context).await?,
        ScheduleCommand::Resume(arguments) => activate(&arguments, true, context).await?,
    }
    Ok(Exit::Done)
}

/// The sentence that Prefect prints for a rule with `TZID`.
const TIME_ZONE: &str = "You can provide a timezone by providing a dict with a `timezone` key to the --rrule option. \
                         E.g. {'rrule': 'FREQ=MINUTELY;INTERVAL=5', 'timezone': 'America/New_York'}.\n\
                         Alternatively, you can provide a timezone by passing in a --timezone argument.";

async fn create(arguments: &CreateScheduleArguments, context: &Context) -> Result<(), CommandError> {
    deployment::split_name(&arguments.name)?;
    let item = item(arguments)?;
    let schedule = Schedule::from_item(&item).map_err(|errors| {
        let message = |error: &ScheduleError| match error.key.as_deref() {
            Some("anchor_date") => format!("The anchor date must be a valid date string. {error}"),
            Some(key) => format!("--{key}: {error}"),
            None => error.to_string(),
        };
        let errors: Vec<String> = errors.iter().map(message).collect();
        CommandError::usage(escape::message_lines(errors))
    })?;
    let client = connection::client(context)?;
    let found = deployment::find(&client, &arguments.name).await?.deployment;
    let count = found.schedules.len();
    let noun = if count == 1 { "schedule" } else { "schedules" };
    let replace = arguments.replace && count > 0;
    if replace {
        let question = format!("Are you sure you want to replace {count} {noun} for {}?", arguments.name);
        context.confirm(arguments.consent, &question, "Schedule replacement cancelled.").await?;
    }
    let body = schedule.for_create(context.clock.now());
    // The previous schedules remain if the server rejects the new schedule.
    let created = schedules::create(&client, &found, &body).await?;
    if replace {
        schedules::clear(&client, &found).await.map_err(|Incomplete { done, count, error }| {
            let help =
                format!("the new schedule was created, but only {done} of {count} {noun} were deleted");
            CommandError { exit: Exit::Partly, ..error.into() }.help(help)
        })?;
    }
    let replaced =
        if replace { found.schedules.iter().map(|schedule| schedule.id).collect() } else { Vec::new() };
    let fields = json!({
        "deployment": arguments.name, "id": created.id, "schedule": created.schedule, "active": created.active,
        "replaced": replaced,
    });
    context.done(arguments.output, "created", fields, || {
        if replace {
            format!("Replaced existing deployment {noun} with new schedule!")
        } else {
            "Created deployment schedule!".to_owned()
        }
    });
    Ok(())
}

/// Converts the command-line options to an item of the `schedules` list in prefect.yaml.
fn item(arguments: &CreateScheduleArguments) -> Result<Mapping, CommandError> {
    let kinds: [(&str, Option<Value>); 3] = [
        ("interval", arguments.interval.map(Value::from)),
        ("rrule", arguments.rrule.as_deref().map(Value::from)),
        ("cron", arguments.cron.as_deref().map(Value::from)),
    ];
    let mut item = Mapping::new();
    for (key, value) in kinds {
        if let Some(value) = value {
            item.insert(key.into(), value);
        }
    }
    if item.len() != 1 {
        return Err(CommandError::usage(
            "Exactly one of `--interval`, `--rrule`, or `--cron` must be provided.",
        ));
    }
    if arguments.anchor_date.is_some() && arguments.interval.is_none() {
        return Err(CommandError::usage("An anchor date can only be provided with an interval schedule"));
    }
    if arguments.timezone.is_none() && arguments.rrule.as_deref().is_some_and(|rule| rule.contains("TZID")) {
        let error = CommandError::usage(
            "the recurrence rule sets its time zone with TZID, which the server does not support",
        )
        .help("remove TZID from the rule and set the time zone with --timezone");
        return Err(CommandError { reference: Some(TIME_ZONE.to_owned()), ..error });
    }
    if let Some(anchor) = &arguments.anchor_date {
        item.insert("anchor_date".into(), anchor.as_str().into());
    }
    if let Some(timezone) = &arguments.timezone {
        item.insert("timezone".into(), timezone.as_str().into());
    }
    if arguments.cron.is_some() {
        item.insert("day_or".into(), (!arguments.no_day_or).into());
    }
    item.insert("active".into(), (!arguments.no_active).into());
    Ok(item)
}

async fn list(name: &str, output: OutputArguments, context: &Context) -> Result<(), CommandError> {
    let client = connection::client(context)?;
    let found = deployment::find(&client, name).await?.deployment;
    let activity = |active: bool| match active {
        true if context.is_prefect => "True".to_owned(),
        false if context.is_prefect => "False".to_owned(),
        active => active.to_string(),
    };
    let summary = |schedule: &DeploymentSchedule| {
        let summary = schedules::summary(&schedule.schedule);
        match in_words(&schedule.schedule, context.clock.now()).filter(|_| !context.is_prefect) {
            Some(words) => format!("{summary}\n{words}"),
            None => summary,
        }
    };
    let row = |schedule: &DeploymentSchedule| {
        [schedule.id.to_string(), summary(schedule), activity(schedule.active)]
    };
    let header = ["ID", "Schedule", "Active"];
    context.show(
        output,
        || context.ui.table(Caption::new("Deployment Schedules"), header, found.schedules.iter().map(row)),
        || document(&found, context.is_prefect),
    );
    Ok(())
}

/// Returns the schedules of a deployment as JSON. Like Prefect, replaces the value of each `schedule` with a summary.
fn document(found: &Deployment, is_prefect: bool) -> Json {
    let mut document = found.raw.get("schedules").cloned().unwrap_or_else(|| json!([]));
    if is_prefect {
        let items = document.as_array_mut().into_iter().flatten();
        for (item, schedule) in items.zip(&found.schedules) {
            item["schedule"] = schedules::summary(&schedule.schedule).into();
        }
    }
    document
}

/// Describes a cron schedule in words.
fn in_words(schedule: &JsonObject, now: Timestamp) -> Option<String> {
    let text = |key: &str| schedule.get(key).and_then(Json::as_str);
    cron_in_words(text("cron")?, text("timezone"), now)
}

async fn delete(
    name: &str,
    id: Uuid,
    consent: ConsentArguments,
    output: OutputArguments,
    context: &Context,
) -> Result<(), CommandError> {
    let client = connection::client(context)?;
    let found = deployment::find(&client, name).await?.deployment;
    let schedule = schedules::find(&found, id)?;
    let question =
        format!("Are you sure you want to delete this schedule: {}", schedules::summary(&schedule.schedule));
    context.confirm(consent, &question, "Deletion cancelled.").await?;
    if !client.delete_schedule(found.id, id).await? {
        return Err(DeploymentError::ScheduleNotFound.into());
    }
    context.done(output, "deleted", json!({"deployment": name, "id": id}), || {
        format!("Deleted deployment schedule {id}")
    });
    Ok(())
}

async fn clear(
    name: &str,
    consent: ConsentArguments,
    output: OutputArguments,
    context: &Context,
) -> Result<(), CommandError> {
    let client = connection::client(context)?;
    let found = deployment::find(&client, name).await?.deployment;
    if !found.schedules.is_empty() {
        let question = "Are you sure you want to clear all schedules for this deployment?";
        context.confirm(consent, question, "Clearing schedules cancelled.").await?;
    }
    schedules::clear(&client, &found).await.map_err(|incomplete| incomplete.report("deleted"))?;
    let ids: Vec<Uuid> = found.schedules.iter().map(|schedule| schedule.id).collect();
    context.done(output, "deleted", json!({"deployment": name, "ids": ids}), || {
        format!("Cleared all schedules for deployment {name}")
    });
    Ok(())
}

/// Pauses or resumes schedules. Skips schedules that are already in the requested state.
async fn activate(
    arguments: &ActivateScheduleArguments,
    active: bool,
    context: &Context,
) -> Result<(), CommandError> {
    let (name, id) = match (&arguments.name, arguments.id) {
        (None, None) if arguments.all => return activate_all(active, arguments.output, context).await,
        _ if arguments.all => {
            return Err(CommandError::usage("Cannot specify deployment name or schedule ID with --all"));
        }
        (Some(name), Some(id)) => (name, id),
        _ => return Err(CommandError::usage("Must provide deployment name and schedule ID, or use --all")),
    };
    let client = connection::client(context)?;
    let found = deployment::find(&client, name).await?.deployment;
    let schedule = schedules::find(&found, id)?;
    let is_change = schedule.active != active;
    if is_change {
        schedules::activate(&client, &found, schedule, active).await?;
    }
    let fields = json!({"deployment": name, "id": id, "active": active, "changed": is_change});
    context.done(arguments.output, verb(active), fields, || {
        if is_change {
            let schedule = schedules::fields(&schedule.schedule);
            format!("{} schedule {schedule} for deployment {name}", title(active))
        } else {
            let state = if active { "active" } else { "inactive" };
            format!("Deployment schedule {id} is already {state}")
        }
    });
    Ok(())
}

async fn activate_all(active: bool, output: OutputArguments, context: &Context) -> Result<(), CommandError> {
    let client: Client = connection::client(context)?;
    let deployments = deployment::list(&client, &[]).await?;
    let changed = schedules::activate_all(&client, &deployments, active).await;
    let changed = changed.map_err(|incomplete| incomplete.report(verb(active)))?;
    let entry = |(found, id): &(&deployment::NamedDeployment, Uuid)| -> Json {
        json!({"deployment": found.full_name(), "id": id})
    };
    let fields = json!({"schedules": changed.iter().map(entry).collect::<Vec<_>>()});
    context.done(output, verb(active), fields, || {
        let state = if active { "inactive" } else { "active" };
        if deployments.is_empty() {
            "No deployments found.".to_owned()
        } else if changed.is_empty() {
            format!("No {state} schedules found to {}.", if active { "resume" } else { "pause" })
        } else {
            let line = |(found, _): &(&deployment::NamedDeployment, Uuid)| {
                format!("{} schedule for deployment {}\n", title(active), found.deployment.name)
            };
            let lines: String = changed.iter().map(line).collect();
            format!("{lines}{} {} deployment schedule(s).", title(active), changed.len())
        }
    });
    Ok(())
}

fn verb(active: bool) -> &'static str {
    if active { "resumed" } else { "paused" }
}

fn title(active: bool) -> &'static str {
    if active { "Resumed" } else { "Paused" }
}
