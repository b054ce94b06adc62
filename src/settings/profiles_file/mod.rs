//! Changing `profiles.toml`: comments, order and keys that mean nothing to us stay as they are.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Key, Table, TableLike, TomlError, Value};

use super::{
    catalogue::{self, SettingName},
    error::SettingsError,
    profiles::ProfileSettings,
    toml,
};
use crate::fs;

/// The user's file of profiles, which need not exist yet.
#[derive(Debug)]
pub(crate) struct ProfilesFile {
    path: PathBuf,
    document: DocumentMut,
}

impl ProfilesFile {
    /// Reads the file.
    pub(crate) fn open(path: &Path) -> Result<Self, SettingsError> {
        let text = fs::read_text_if_exists(path)?.unwrap_or_default();
        let document: DocumentMut = text.parse().map_err(|error: TomlError| {
            toml::invalid(&path.display().to_string(), &text, error.message(), error.span())
        })?;
        let is_usable = |item: &Item| item.is_table_like();
        let profiles = document.get("profiles");
        let profiles_usable = profiles.is_none_or(is_usable)
            && profiles
                .and_then(Item::as_table_like)
                .is_none_or(|tables| tables.iter().all(|(_, table)| is_usable(table)));
        if !profiles_usable {
            return Err(SettingsError::NoTables(path.to_owned()));
        }
        Ok(Self { path: path.to_owned(), document })
    }

    /// Writes the file, readable by its owner only.
    pub(crate) fn save(&self) -> Result<(), SettingsError> {
        Ok(fs::write_private(&self.path, &self.document.to_string())?)
    }

    /// The names of the profiles in the file.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let profiles = self.document.get("profiles").and_then(Item::as_table_like);
        profiles.into_iter().flat_map(|profiles| profiles.iter().map(|(name, _)| name))
    }

    pub(crate) fn has(&self, profile: &str) -> bool {
        self.names().any(|name| name == profile)
    }

    /// The profile that the file makes active.
    pub(crate) fn active(&self) -> Option<&str> {
        self.document.get("active").and_then(Item::as_str)
    }

    pub(crate) fn activate(&mut self, profile: &str) {
        replace(self.document.as_table_mut(), "active", profile);
    }

    /// Adds a profile with these settings, or the settings to one that is there.
    pub(crate) fn add(&mut self, profile: &str, settings: &ProfileSettings) {
        let table = self.profile_mut(profile);
        settings.iter().for_each(|(name, value)| replace(table, name, value));
    }

    pub(crate) fn remove(&mut self, profile: &str) {
        self.profiles_mut().remove(profile);
    }

    /// Gives a profile another name, in its place.
    pub(crate) fn rename(&mut self, profile: &str, name: &str) {
        rename(self.profiles_mut(), profile, name);
        if self.active() == Some(profile) {
            self.activate(name);
        }
    }

    /// Sets a setting, under its name of today.
    pub(crate) fn set(&mut self, profile: &str, setting: &SettingName, value: &str) {
        let table = self.profile_mut(profile);
        modernise(table, setting);
        replace(table, setting.canonical, value);
    }

    /// Removes a setting under each of its names; whether it was there.
    pub(crate) fn unset(&mut self, profile: &str, setting: &SettingName) -> bool {
        let table = self.profile_mut(profile);
        setting.names().filter(|name| table.remove(name).is_some()).count() > 0
    }

    /// Gives the settings of a profile their names of today.
    pub(crate) fn modernise(&mut self, profile: &str) {
        if self.has(profile) {
            let table = self.profile_mut(profile);
            catalogue::ALL.iter().for_each(|entry| modernise(table, &entry.name));
        }
    }

    fn profiles_mut(&mut self) -> &mut dyn TableLike {
        table_in(self.document.as_table_mut(), "profiles", true)
    }

    fn profile_mut(&mut self, profile: &str) -> &mut dyn TableLike {
        table_in(self.profiles_mut(), profile, false)
    }
}

/// The table under a key, made if it is not there. What is there is a table: [`ProfilesFile::open`] has looked.
fn table_in<'a>(parent: &'a mut dyn TableLike, key: &str, implicit: bool) -> &'a mut dyn TableLike {
    let item = parent.entry(key).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(implicit);
        Item::Table(table)
    });
    if !item.is_table_like() {
        *item = Item::Table(Table::new());
    }
    match item {
        Item::Value(Value::InlineTable(table)) => table,
        Item::Table(table) => table,
        _ => unreachable!("it was made a table above"),
    }
}

/// Sets a value; the comment behind an old one stays.
fn replace(table: &mut dyn TableLike, key: &str, value: &str) {
    let mut value = Value::from(value);
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

/// Gives a setting that stands under its old name the new one; if it stands under both the new one counts.
fn modernise(table: &mut dyn TableLike, setting: &SettingName) {
    let Some(alias) = setting.alias else { return };
    if table.contains_key(setting.canonical) {
        table.remove(alias);
    } else {
        rename(table, alias, setting.canonical);
    }
}

/// Changes a key in its place. Tables keep the order of insertion, so what follows is taken out and put back.
fn rename(table: &mut dyn TableLike, from: &str, to: &str) {
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
    let Some(start) = keys.iter().position(|key| key == from) else { return };
    for key in &keys[start..] {
        let Some(decor) = table.key(key).map(|key| key.leaf_decor().clone()) else { continue };
        let Some(item) = table.remove(key) else { continue };
        let name = if key == from { to } else { key };
        let key = Key::new(name).with_leaf_decor(decor);
        table.entry_format(&key).or_insert(item);
    }
}

#[cfg(test)]
mod tests;
