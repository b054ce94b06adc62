//! `prefectl config`.

use indexmap::IndexSet;
use serde_json::json;

use super::Context;
use crate::{
    cli::{ConfigCommand, ConfigViewArguments, OutputFormat},
    error::{CommandError, Exit},
    escape,
    progress::Progress as _,
    secret::MASK,
    settings::{self, Entry, Listed, Profiles, ProfilesFile},
};

/// Settings that determine where profiles are stored, and that therefore cannot be set in a profile.
const NOT_IN_PROFILES: [&str; 2] = ["PREFECT_HOME", "PREFECT_PROFILES_PATH"];

pub(super) async fn run(command: &ConfigCommand, context: &Context) -> Result<Exit, CommandError> {
    match command {
        ConfigCommand::View(arguments) => view(arguments, context),
        ConfigCommand::Set { settings } => set(settings, context),
        ConfigCommand::Unset { names, yes } => unset(names, *yes, context).await,
        ConfigCommand::Validate => validate(context),
    }?;
    Ok(Exit::Done)
}

fn view(arguments: &ConfigViewArguments, context: &Context) -> Result<(), CommandError> {
    let profile = &context.settings.profile;
    let listed =
        settings::list(&context.environment, Some(profile), &context.directory, arguments.show_defaults)?;
    let ui_url = context.settings.ui_url.value.as_deref();
    let text = match arguments.output {
        OutputFormat::Json => document(&listed, arguments, profile, ui_url),
        OutputFormat::Text => {
            let connected = ui_url.map(|url| format!("\u{1F680} you are connected to:\n{url}"));
            let lines = listed.iter().map(|setting| line(setting, arguments));
            let all: Vec<String> =
                connected.into_iter().chain([format!("PREFECT_PROFILE='{profile}'")]).chain(lines).collect();
            all.join("\n")
        }
    };
    if arguments.show_secrets {
        context.ui.result_with_secrets(&text);
    } else {
        context.ui.result(&text);
    }
    Ok(())
}

fn line(listed: &Listed, arguments: &ConfigViewArguments) -> String {
    let value = escape::line(listed.text(arguments.show_secrets));
    let setting = format!("{}='{value}'", listed.entry.name.canonical);
    if arguments.hide_sources { setting } else { format!("{setting} (from {})", listed.origin) }
}

fn document(
    listed: &[Listed],
    arguments: &ConfigViewArguments,
    profile: &str,
    ui_url: Option<&str>,
) -> String {
    let setting = |listed: &Listed| {
        let mut setting =
            json!({"name": listed.entry.name.canonical, "value": listed.text(arguments.show_secrets)});
        if !arguments.hide_sources {
            setting["source"] = json!(listed.origin.to_string());
        }
        setting
    };
    let settings: Vec<_> = listed.iter().map(setting).collect();
    let mut document = json!({"schema": 1, "profile": profile, "settings": settings});
    if let Some(url) = ui_url {
        document["ui_url"] = json!(url);
    }
    format!("{document:#}")
}

fn set(settings: &[String], context: &Context) -> Result<(), CommandError> {
    let settings = settings.iter().map(|text| parse(text)).collect::<Result<Vec<_>, _>>()?;
    let problems: Vec<String> = settings.iter().filter_map(Assignment::problem).collect();
    if !problems.is_empty() {
        return Err(CommandError::usage(escape::message_lines(problems)));
    }
    let mut file = ProfilesFile::open(&context.settings.profiles_path.value)?;
    for Assignment { name, value, entry } in &settings {
        match entry {
            Some(entry) => file.set(&context.settings.profile, &entry.name, value),
            None => file.set_unknown(&context.settings.profile, name, value),
        }
    }
    file.save()?;
    for assignment in settings {
        let Assignment { name, value, entry } = assignment;
        if entry.is_none() {
            warn_unknown(name, context);
        }
        let shown = if assignment.is_secret() { MASK } else { value };
        context.ui.result_line(&format!("Set '{name}' to '{shown}'."));
        if context.environment.get(name).is_some() {
            context.ui.status(&format!(
                "{name} is also set by an environment variable which will override your config value. \
                 Run `unset {name}` to clear it."
            ));
        }
    }
    context.ui.result_line(&format!("Updated profile '{}'.", context.settings.profile));
    Ok(())
}

/// A `NAME=VALUE` argument of `config set`.
struct Assignment<'a> {
    name: &'a str,
    value: &'a str,
    /// The setting's entry. `None` if this version of prefectl does not know the setting.
    entry: Option<&'static Entry>,
}

impl Assignment<'_> {
    fn problem(&self) -> Option<String> {
        let entry = self.entry?;
        let problem = entry.kind.check(self.value).err()?;
        Some(format!("Validation error(s) for setting {}: {problem}", entry.name.canonical))
    }

    /// Returns whether the value must not be printed. Treats an unknown setting as secret if its name contains a word
    /// such as `KEY` or `TOKEN`.
    fn is_secret(&self) -> bool {
        const WORDS: [&str; 5] = ["AUTH", "KEY", "PASSWORD", "SECRET", "TOKEN"];
        self.entry
            .map_or_else(|| WORDS.iter().any(|word| self.name.contains(word)), |entry| entry.kind.is_secret())
    }
}

fn parse(text: &str) -> Result<Assignment<'_>, CommandError> {
    let Some((name, value)) = text.split_once('=') else {
        // The message does not quote the argument, because a secret may have been passed by mistake.
        return Err(CommandError::usage("Failed to parse an argument. Use the format 'VAR=VAL'."));
    };
    let entry = find(name)?;
    if NOT_IN_PROFILES.contains(&name) {
        return Err(CommandError::usage(format!(
            "Setting '{name}' cannot be changed with this command. Use an environment variable instead."
        )));
    }
    Ok(Assignment { name, value, entry })
}

/// Finds a setting by name. Returns `None` for an unknown name that starts with `PREFECT_`, because a later
/// Prefect release may define it.
///
/// # Errors
///
/// Fails for any other unknown name.
fn find(name: &str) -> Result<Option<&'static Entry>, CommandError> {
    let entry = settings::find(name);
    if entry.is_none() && !settings::may_exist(name) {
        let error = CommandError::usage(format!("Unknown setting name '{name}'."));
        return Err(error.help(similar_setting(name)));
    }
    Ok(entry)
}

fn warn_unknown(name: &str, context: &Context) {
    context.ui.status(&format!("warning: Setting '{name}' is not recognized; {}", similar_setting(name)));
}

fn similar_setting(name: &str) -> String {
    match settings::similar(name) {
        Some(similar) => format!("did you mean {similar}?"),
        None => "run `prefectl config view --show-defaults` to list all settings".to_owned(),
    }
}

async fn unset(names: &[String], yes: bool, context: &Context) -> Result<(), CommandError> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect::<IndexSet<_>>().into_iter().collect();
    let entries = names.iter().map(|name| find(name)).collect::<Result<Vec<_>, _>>()?;
    let profile = &context.settings.profile;
    let mut file = ProfilesFile::open(&context.settings.profiles_path.value)?;
    for (name, entry) in names.iter().zip(&entries) {
        let was_set = match entry {
            Some(entry) => file.unset(profile, &entry.name),
            None => file.unset_unknown(profile, name),
        };
        if !was_set {
            return Err(CommandError::usage(format!("'{name}' is not set in profile '{profile}'.")));
        }
    }
    let question = format!("Are you sure you want to unset the following setting(s): {}?", names.join(", "));
    if !yes {
        context.confirm_if_interactive(&question, "Unset aborted.").await?;
    }
    file.save()?;
    for name in names {
        context.ui.result_line(&format!("Unset '{name}'."));
        if context.environment.get(name).is_some() {
            context.ui.status(&format!(
                "'{name}' is also set by an environment variable. Use `unset {name}` to clear it."
            ));
        }
    }
    context.ui.result_line(&format!("Updated profile '{profile}'."));
    Ok(())
}

fn validate(context: &Context) -> Result<(), CommandError> {
    let path = &context.settings.profiles_path.value;
    let profile = &context.settings.profile;
    let mut problems = Vec::new();
    for (name, value) in Profiles::load(path)?.get(profile).into_iter().flatten() {
        let entry = settings::find(name); // unknown settings were reported when the settings were read
        problems.extend(Assignment { name, value, entry }.problem());
    }
    if !problems.is_empty() {
        return Err(CommandError::usage(escape::message_lines(problems)));
    }
    let mut file = ProfilesFile::open(path)?;
    if file.has(profile) {
        file.modernise(profile);
        file.save()?;
    }
    context.ui.result("Configuration valid!");
    Ok(())
}
