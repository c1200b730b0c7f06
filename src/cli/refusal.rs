//! What is told when a command fails: in the words of whoever refused, with the flag that has to change.

use std::ffi::OsString;

use clap::CommandFactory;
use tator_pipeline::Error;

use super::client::Refused;
use super::{Arguments, tell};

/// Fields whose flag is called otherwise.
const OTHERWISE: [(&str, &str); 3] = [("wrong_per_right", "fp-cap"), ("rounds", "trees"), ("max_depth", "depth")];

/// The flags of the command that was given.
fn flags_of(arguments: &[OsString]) -> Vec<String> {
    let mut command = Arguments::command();
    for word in arguments.iter().skip(1) {
        if let Some(next) = command.find_subcommand(word) {
            command = next.clone();
        }
    }
    command.get_arguments().filter_map(|flag| flag.get_long().map(str::to_owned)).collect()
}

/// Tells why the command that was given failed, and what to do where the error knows.
pub(super) fn tell_of(error: &anyhow::Error, arguments: &[OsString]) {
    let words = match invalid(error) {
        Some((field, message)) => named(field, message, &flags_of(arguments)),
        None => format!("{error:#}"),
    };
    tell(&format!("tator: {words}"));
    if let Some(Error::NoAnswer { hint, .. }) = error.downcast_ref() {
        tell(&format!("  {hint}"));
    }
    if is_unpromoted(error) {
        tell("  if you know better, --anyway applies it all the same");
    }
}

/// The field that was refused and why, by this program or by the server that was asked.
fn invalid(error: &anyhow::Error) -> Option<(&str, &str)> {
    match (error.downcast_ref(), error.downcast_ref()) {
        (Some(Error::Invalid { field, message }), _) => Some((field, message)),
        (_, Some(Refused { field: Some(field), message, .. })) => Some((field, message)),
        _ => None,
    }
}

fn is_unpromoted(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::NotPromoted { .. }))
        || error.downcast_ref().is_some_and(|refused: &Refused| refused.code == "not_promoted")
}

/// A field by the flag that sets it, where the command has one.
fn named(field: &str, message: &str, flags: &[String]) -> String {
    let other = OTHERWISE.iter().find(|(known, _)| *known == field).map(|(_, flag)| (*flag).to_owned());
    let flag = other.unwrap_or_else(|| field.replace('_', "-"));
    if flags.contains(&flag) { format!("--{flag}: {message}") } else { format!("{field}: {message}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_flag_to_change() {
        let flags = flags_of(&["tator", "calibrate", "--run", "apply"].map(OsString::from));
        let told = |field| named(field, "2 is not between 0 and 1", &flags);
        assert_eq!(told("queue_from"), "--queue-from: 2 is not between 0 and 1");
        assert_eq!(told("wrong_per_right"), "--fp-cap: 2 is not between 0 and 1");
        assert_eq!(told("dedupe"), "dedupe: 2 is not between 0 and 1");
    }

    #[test]
    fn what_a_server_refuses_reads_as_what_is_refused_here() {
        let (field, message) = ("iou".to_owned(), "2 is not between 0 and 1".to_owned());
        let here = anyhow::Error::from(Error::invalid(field.clone(), message.clone()));
        let there = anyhow::Error::from(Refused { code: "invalid".into(), field: Some(field), message });
        assert_eq!(invalid(&here), invalid(&there));
        assert_eq!(here.to_string(), there.to_string());
    }
}
