//! `completions`: a script by which a shell completes subcommands and options. Made of the arguments themselves; it reads and changes
//! nothing. Called by `cli::main`.

use std::io::{Write, stdout};

use clap::Args;
use clap_complete::Shell;

use super::exit::CommandError;

/// Print the script by which a shell completes what is typed
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Whose script
    pub shell: Shell,
}

pub fn completions(arguments: &CompletionsArgs) -> Result<(), CommandError> {
    let mut command = super::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    stdout().write_all(&script)?;
    Ok(())
}
