//! `man`: manual pages, one for each subcommand, made of the same words as `--help`. Writes into the folder it is given and nowhere else.
//! Called by `cli::main`.

use std::fs;
use std::io::{self, Write, stdout};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;

use super::exit::CommandError;

/// Write the manual pages: lifetide.1, and one for each subcommand
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for the pages, made if it is missing; others of the same names are replaced
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
}

pub fn man(arguments: &ManArgs) -> Result<(), CommandError> {
    let pages =
        write(&arguments.dir).map_err(|error| CommandError::Failed(format!("cannot write to {}: {error}", arguments.dir.display())))?;
    writeln!(stdout(), "{pages} pages written to {}", arguments.dir.display())?;
    Ok(())
}

fn write(folder: &Path) -> io::Result<usize> {
    fs::create_dir_all(folder)?;
    let mut command = super::command().disable_help_subcommand(true);
    command.build();
    write_all(&command, folder)
}

/// The page of a command and those of all below it; returns how many.
fn write_all(command: &Command, folder: &Path) -> io::Result<usize> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    fs::write(folder.join(format!("{name}.1")), page)?;
    command.get_subcommands().try_fold(1, |pages, below| Ok(pages + write_all(below, folder)?))
}
