//! The terminal: how wide it is, and reading what must not be seen. `stty` knows both, so no crate has to.

use std::io::{self, IsTerminal, Read};
use std::process::{Command, Stdio};

/// Columns of the terminal that stdout is; `None` when it is a file or a pipe.
pub(super) fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let size = Command::new("stty").arg("size").stdin(std::fs::File::open("/dev/tty").ok()?).output().ok()?;
    let columns = String::from_utf8(size.stdout).ok()?.split_whitespace().nth(1)?.parse().ok()?;
    Some(columns).filter(|columns| *columns > 0)
}

/// A line that is typed without showing on the screen; all of stdin when it is no terminal.
pub(super) fn read_hidden() -> io::Result<String> {
    let mut text = String::new();
    if !io::stdin().is_terminal() {
        io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    let _hidden = Hidden::begin()?;
    io::stdin().read_line(&mut text)?;
    Ok(text)
}

/// While it lives the terminal does not echo.
struct Hidden;

impl Hidden {
    fn begin() -> io::Result<Self> {
        let done = echo("-echo")?;
        if done { Ok(Self) } else { Err(io::Error::other("the terminal cannot be told not to show what is typed")) }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // When even this fails there is nothing left to try; `stty echo` by hand mends it.
        let _ = echo("echo");
    }
}

fn echo(setting: &str) -> io::Result<bool> {
    Ok(Command::new("stty").arg(setting).stdin(Stdio::inherit()).status()?.success())
}
