//! `prefectl profile`.

use serde_json::{Map, json};

use super::{Context, connection};
use crate::{
    cli::{OutputFormat, ProfileCommand},
    diagnostics::similar_name,
    error::{CommandError, Exit},
    progress::Progress as _,
    secret::MASK,
    settings::{self, Profiles, ProfilesFile, Settings},
    ui::Caption,
};

pub(super) async fn run(command: &ProfileCommand, context: &Context) -> Result<Exit, CommandError> {
    let mut file = ProfilesFile::open(&context.settings.profiles_path.value)?;
    match command {
        ProfileCommand::Ls { output } => list(&file, *output, context),
        ProfileCommand::Inspect { name, show_secrets, output } => {
            inspect(name.as_deref(), *show_secrets, *output, context)?;
        }
        ProfileCommand::Create { name, from } => create(&mut file, name, from.as_deref(), context)?,
        ProfileCommand::Use { name } => activate(&mut file, name, context).await?,
        ProfileCommand::Delete { name } => delete(&mut file, name, context).await?,
        ProfileCommand::Rename { name, new_name } => rename(&mut file, name, new_name, context)?,
    }
    Ok(Exit::Done)
}

fn list(file: &ProfilesFile, output: OutputFormat, context: &Context) {
    let active = &context.settings.profile;
    let text = match output {
        OutputFormat::Json => {
            let profiles: Vec<_> =
                file.names().map(|name| json!({"name": name, "active": name == active})).collect();
            format!("{:#}", json!(profiles))
        }
        OutputFormat::Text if context.is_prefect => {
            let row = |name: &str| [format!("  {}{name}", if name == active { "* " } else { "" })];
            let caption = Caption { title: "", note: "* active profile" };
            context.ui.table(caption, ["Available Profiles:"], file.names().map(row))
        }
        OutputFormat::Text => {
            let line = |name: &str| format!("{} {name}\n", if name == active { '*' } else { ' ' });
            let lines: String = file.names().map(line).collect();
            format!("Available Profiles:\n{lines}\n(* marks the active profile)")
        }
    };
    context.ui.result(&text);
}

fn inspect(
    name: Option<&str>,
    show_secrets: bool,
    output: OutputFormat,
    context: &Context,
) -> Result<(), CommandError> {
    let profiles = Profiles::load(&context.settings.profiles_path.value)?;
    let name = name.unwrap_or_else(|| {
        context.ui.status(&format!("No name provided, defaulting to '{}'", context.settings.profile));
        &context.settings.profile
    });
    let settings = profiles.get(name).ok_or_else(|| not_found(name, profiles.names()))?;
    let shown = settings.iter().map(|(setting, value)| {
        let entry = settings::find(setting);
        let name = entry.map_or(setting.as_str(), |entry| entry.name.canonical);
        // The value of an unknown setting may also be secret.
        let is_secret = entry.is_none_or(|entry| entry.kind.is_secret());
        (name, if is_secret && !show_secrets { MASK } else { value })
    });
    let text = match output {
        OutputFormat::Json => {
            let settings: Map<_, _> = shown.map(|(name, value)| (name.to_owned(), value.into())).collect();
            format!("{:#}", json!(settings))
        }
        OutputFormat::Text if settings.is_empty() => format!("Profile '{name}' is empty."),
        OutputFormat::Text => {
            shown.map(|(name, value)| format!("{name}='{value}'")).collect::<Vec<_>>().join("\n")
        }
    };
    if show_secrets {
        context.ui.result_with_secrets(&text);
    } else {
        context.ui.result(&text);
        if text.contains(MASK) {
            context.ui.aside().note("secrets are masked; use --show-secrets to print them");
        }
    }
    Ok(())
}

fn create(
    file: &mut ProfilesFile,
    name: &str,
    from: Option<&str>,
    context: &Context,
) -> Result<(), CommandError> {
    if file.has(name) {
        return Err(CommandError::usage(format!("Profile '{name}' already exists.")).help(format!(
            "delete the existing profile before you create the new profile: {} profile delete '{name}'",
            context.program()
        )));
    }
    let profiles = Profiles::load(&context.settings.profiles_path.value)?;
    let settings = match from {
        Some(from) => profiles.get(from).ok_or_else(|| not_found(from, profiles.names()))?.clone(),
        None => settings::ProfileSettings::new(),
    };
    file.add(name, &settings);
    file.save()?;
    let (from, program) = (from.unwrap_or("None"), context.program());
    context.ui.result(&format!(
        "\nCreated profile with properties:\n    name - '{name}'\n    from name - {from}\n\n\
         Use created profile for future, subsequent commands:\n    {program} profile use '{name}'\n\n\
         Use created profile temporarily for a single command:\n    {program} -p '{name}' config view\n"
    ));
    Ok(())
}

async fn activate(file: &mut ProfilesFile, name: &str, context: &Context) -> Result<(), CommandError> {
    let path = &context.settings.profiles_path.value;
    let profiles = Profiles::load(path)?;
    if profiles.get(name).is_none() {
        return Err(not_found(name, profiles.names()));
    }
    file.activate(name);
    file.save()?;
    let settings = Settings::resolve(&context.environment, Some(name), &context.directory)?;
    let server = if settings.is_cloud() { "Prefect Cloud" } else { "Prefect server" };
    if settings.api_url.value.is_none() {
        return without_api(name, &settings, context);
    }
    context.ui.status("Checking API connectivity...");
    match connection::check(context, &settings).await {
        Ok(()) => context.ui.result_line(&format!("Connected to {server} using profile '{name}'")),
        Err(error) => {
            let problem =
                if error.exit == Exit::Unauthorized { "authenticating with" } else { "connecting to" };
            let message = format!("Error {problem} {server} using profile '{name}': {}", error.message);
            return Err(CommandError { message, ..error });
        }
    }
    Ok(())
}

/// Reports that a profile has no API URL. Fails unless temporary servers are enabled.
fn without_api(name: &str, settings: &Settings, context: &Context) -> Result<(), CommandError> {
    if settings.server_ephemeral_enabled.value {
        context.ui.result_line(&format!(
            "No Prefect server specified using profile '{name}' - the API will run in ephemeral mode."
        ));
        return Ok(());
    }
    Err(CommandError::usage(format!(
        "Prefect server URL not configured using profile '{name}' - please configure the server URL or enable \
         ephemeral mode."
    )))
}

async fn delete(file: &mut ProfilesFile, name: &str, context: &Context) -> Result<(), CommandError> {
    if !file.has(name) {
        let is_built_in = Profiles::built_in().get(name).is_some();
        return Err(if is_built_in {
            CommandError::usage(format!("profile '{name}' is built in and cannot be deleted"))
        } else {
            not_found(name, file.names())
        });
    }
    if context.settings.profile == name {
        return Err(CommandError::usage(format!(
            "Profile '{name}' is the active profile. You must switch profiles before it can be deleted."
        )));
    }
    let question = format!("Are you sure you want to delete profile with name '{name}'?");
    context.confirm_if_interactive(&question, "Deletion aborted.").await?;
    file.remove(name);
    file.save()?;
    context.ui.result_line(&format!("Removed profile '{name}'."));
    Ok(())
}

fn rename(
    file: &mut ProfilesFile,
    name: &str,
    new_name: &str,
    context: &Context,
) -> Result<(), CommandError> {
    if !file.has(name) {
        return Err(not_found(name, file.names()));
    }
    if file.has(new_name) {
        return Err(CommandError::usage(format!("Profile '{new_name}' already exists.")));
    }
    file.rename(name, new_name);
    file.save()?;
    if context.environment.get("PREFECT_PROFILE") == Some(name) {
        context.ui.status(&format!(
            "You have set your current profile to '{name}' with the PREFECT_PROFILE environment variable. \
             You must update this variable to '{new_name}' to continue using the profile."
        ));
    }
    context.ui.result_line(&format!("Renamed profile '{name}' to '{new_name}'."));
    Ok(())
}

/// Creates the error for a profile that does not exist. If a known name is similar, the error suggests this name.
fn not_found<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> CommandError {
    CommandError::usage(format!("Profile '{name}' not found."))
        .help("list the profiles with `prefectl profile ls`")
        .suggest(similar_name(name, known))
}
