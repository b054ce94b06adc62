//! Edits `profiles.toml` while preserving comments, the order of keys, and unknown keys.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Key, Table, TableLike, TomlError, Value};

use super::{
    catalogue::{self, SettingName},
    error::SettingsError,
    profiles::ProfileSettings,
    toml,
};
use crate::fs;

/// The user's `profiles.toml`, which may not exist yet.
#[derive(Debug)]
pub(crate) struct ProfilesFile {
    path: PathBuf,
    document: DocumentMut,
}

impl ProfilesFile {
    /// Opens the file. A missing file is treated as empty.
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

    /// Writes the file. Only its owner can read and write it.
    pub(crate) fn save(&self) -> Result<(), SettingsError> {
        Ok(fs::write_private(&self.path, &self.document.to_string())?)
    }

    /// Returns the names of the profiles in the file.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let profiles = self.document.get("profiles").and_then(Item::as_table_like);
        profiles.into_iter().flat_map(|profiles| profiles.iter().map(|(name, _)| name))
    }

    pub(crate) fn has(&self, profile: &str) -> bool {
        self.names().any(|name| name == profile)
    }

    /// Returns the name of the active profile according to the file.
    pub(crate) fn active(&self) -> Option<&str> {
        self.document.get("active").and_then(Item::as_str)
    }

    pub(crate) fn activate(&mut self, profile: &str) {
        replace(self.document.as_table_mut(), "active", profile);
    }

    /// Adds settings to a profile. Creates the profile if it does not exist.
    pub(crate) fn add(&mut self, profile: &str, settings: &ProfileSettings) {
        let table = self.profile_mut(profile);
        settings.iter().for_each(|(name, value)| replace(table, name, value));
    }

    pub(crate) fn remove(&mut self, profile: &str) {
        self.profiles_mut().remove(profile);
    }

    /// Renames a profile without changing its position in the file.
    pub(crate) fn rename(&mut self, profile: &str, name: &str) {
        rename(self.profiles_mut(), profile, name);
        if self.active() == Some(profile) {
            self.activate(name);
        }
    }

    /// Sets a setting under its canonical name and removes its former name.
    pub(crate) fn set(&mut self, profile: &str, setting: &SettingName, value: &str) {
        let table = self.profile_mut(profile);
        modernise(table, setting);
        replace(table, setting.canonical, value);
    }

    /// Sets a setting that is unknown to this prefectl version.
    pub(crate) fn set_unknown(&mut self, profile: &str, name: &str, value: &str) {
        replace(self.profile_mut(profile), name, value);
    }

    /// Removes a setting that is unknown to this prefectl version. Returns whether the setting was present.
    pub(crate) fn unset_unknown(&mut self, profile: &str, name: &str) -> bool {
        self.profile_mut(profile).remove(name).is_some()
    }

    /// Removes a setting under all of its names. Returns whether the setting was present.
    pub(crate) fn unset(&mut self, profile: &str, setting: &SettingName) -> bool {
        let table = self.profile_mut(profile);
        setting.names().filter(|name| table.remove(name).is_some()).count() > 0
    }

    /// Renames all settings in a profile to their canonical names.
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

/// Returns the table under a key. Creates the table if it does not exist.
///
/// [`ProfilesFile::open`] rejects files where the value is not a table.
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
        _ => unreachable!("the item is a table"),
    }
}

/// Sets a value. Preserves a comment after the previous value.
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

/// Renames a setting to its canonical name. If both names are present, keeps the canonical name's value.
fn modernise(table: &mut dyn TableLike, setting: &SettingName) {
    let Some(alias) = setting.alias else { return };
    if table.contains_key(setting.canonical) {
        table.remove(alias);
    } else {
        rename(table, alias, setting.canonical);
    }
}

/// Renames a key without changing its position.
///
/// A table preserves insertion order, so all subsequent keys are removed and inserted again.
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
