//! Formats the output of `deployment run`, including lines that scripts match.

use jiff::{SignedDuration, Timestamp};

use super::{CreatedRun, RunEnd, WatchEvent, Watched};
use crate::{api::Links, clock::Clock, python};

impl CreatedRun {
    /// Formats the lines that describe a new run.
    pub(crate) fn render(&self, clock: &Clock, links: &Links) -> String {
        let run = &self.run;
        let start = self.scheduled_time.to_zoned_datetime(clock.zone().clone());
        let when =
            if self.is_delayed { relative(clock.now(), self.scheduled_time) } else { "now".to_owned() };
        format!(
            "Created flow run {}.\n\
             └── UUID: {}\n\
             └── Parameters: {}\n\
             └── Job Variables: {}\n\
             └── Scheduled start time: {} ({when})\n\
             └── URL: {}",
            python::quoted(&run.name),
            run.id,
            python::json_repr(&run.parameters.clone().into()),
            python::json_repr(&run.job_variables.clone().unwrap_or_default().into()),
            start.strftime("%Y-%m-%d %H:%M:%S %Z"),
            links.flow_run(run.id).as_deref().unwrap_or("<no dashboard available>"),
        )
    }
}

impl Watched {
    /// Formats the final line for a watched run. The line contains the run's ID unless it is the only run.
    pub(crate) fn render(&self, is_only: bool) -> String {
        let name = self.state.as_ref().map_or("Unknown", |state| state.name());
        let run = if is_only { "Flow run".to_owned() } else { format!("Flow run with ID {}", self.id) };
        match self.end {
            RunEnd::Completed => format!("{run} finished successfully in '{name}'."),
            RunEnd::Failed | RunEnd::Crashed | RunEnd::Cancelled => {
                format!("{run} finished in state '{name}'.")
            }
            RunEnd::TimedOut { after } => {
                format!(
                    "Flow run with ID {} exceeded watch timeout of {} seconds",
                    self.id,
                    after.as_secs_f64()
                )
            }
        }
    }
}

impl Watched {
    /// Formats the line for a run that had already ended.
    pub(crate) fn render_ended(&self) -> String {
        let name = self.state.as_ref().map_or("Unknown", |state| state.name());
        let state = if self.end == RunEnd::Completed { "" } else { "state " };
        format!("Flow run already finished in {state}'{name}'.")
    }
}

impl WatchEvent<'_> {
    /// Formats an event, as in `● 14:48:36.218 a323bd2c1d1e prefect.flow-run.Pending`.
    pub(crate) fn render(&self, clock: &Clock) -> String {
        let (mark, timestamp, id, text) = match self {
            Self::State { run, state } => {
                let message = state.message.as_deref().filter(|_| state.kind.is_final());
                let message = message.map(|message| format!(": {message}")).unwrap_or_default();
                ('●', state.timestamp, *run, format!("prefect.flow-run.{}{message}", state.name()))
            }
            Self::Log { run, line } => {
                ('▪', line.timestamp, line.task_run_id.unwrap_or(*run), line.message.clone())
            }
        };
        let time = timestamp.to_zoned_datetime(clock.zone().clone()).strftime("%H:%M:%S%.3f").to_string();
        // The ID's last group distinguishes runs.
        let id = id.to_string();
        let id = id.rsplit('-').next().unwrap_or_default();
        let text = text.replace('\n', &format!("\n{}", " ".repeat(4 + time.len() + id.len())));
        format!("{mark} {time} {id} {text}")
    }
}

/// Formats the time between `now` and `time`, such as `in 10 minutes` or `2 hours ago`.
pub(crate) fn relative(now: Timestamp, time: Timestamp) -> String {
    const UNITS: [(i64, &str); 5] =
        [(31_536_000, "year"), (2_592_000, "month"), (86400, "day"), (3600, "hour"), (60, "minute")];
    let difference: SignedDuration = time.duration_since(now);
    let seconds = difference.abs().as_millis().saturating_add(500) / 1000;
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let (count, unit) = UNITS
        .iter()
        .find(|(size, _)| seconds >= *size)
        .map_or((seconds, "second"), |(size, unit)| ((seconds + size / 2) / size, *unit));
    let plural = if count == 1 { "" } else { "s" };
    match (count, difference.is_negative()) {
        (0, _) => "now".to_owned(),
        (_, false) => format!("in {count} {unit}{plural}"),
        (_, true) => format!("{count} {unit}{plural} ago"),
    }
}
