//! `homing cp`: files from and to a device.

use clap::Args;

use super::Options;
use super::ssh::Ssh;
use crate::failure::Failure;
use crate::verbs::Context;

const EXAMPLES: &str = "\
Examples:
  homing cp mx1.fra:/var/log/messages .
  homing cp -r configs/ mx1.fra:/var/tmp/";

/// Options of `homing cp`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// From where, and last to where: DEVICE:PATH, or a path on this machine
    #[arg(required = true, num_args = 2.., value_name = "PATH")]
    paths: Vec<String>,
    /// Whole folders
    #[arg(short, long)]
    recursive: bool,
    /// Keep times and modes
    #[arg(short, long)]
    preserve: bool,
    #[command(flatten)]
    options: Options,
}

/// A path of the command line.
#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    Here(&'a str),
    On { device: &'a str, path: &'a str },
}

impl<'a> Place<'a> {
    /// As `scp` does: a colon before any slash ends the host.
    fn read(text: &'a str) -> Place<'a> {
        match text.split_once(':') {
            Some((device, path)) if !device.is_empty() && !device.contains('/') => {
                Place::On { device, path }
            }
            _ => Place::Here(text),
        }
    }
}

/// Becomes `scp`.
pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let places: Vec<_> = arguments.paths.iter().map(|path| Place::read(path)).collect();
    let device = the_device(&places)?;
    let mut scp = Ssh::to("scp", device, &arguments.options, context).await?;
    if arguments.recursive {
        scp.word("-r");
    }
    if arguments.preserve {
        scp.word("-p");
    }
    if context.output.is_quiet() {
        scp.word("-q");
    }
    scp.word("--");
    let name = bracketed(&scp.name());
    for place in places {
        match place {
            Place::Here(path) => scp.word(path),
            Place::On { path, .. } => scp.word(format!("{name}:{path}")),
        };
    }
    scp.become_it()
}

/// The one device that is copied from or to.
fn the_device<'a>(places: &[Place<'a>]) -> Result<&'a str, Failure> {
    let Some((to, from)) = places.split_last() else { return Err(no_device()) };
    let named = |place: &Place<'a>| match place {
        Place::On { device, .. } => Some(*device),
        Place::Here(_) => None,
    };
    let sources: Vec<_> = from.iter().map(named).collect();
    match (sources.first().copied().flatten(), named(to)) {
        (Some(first), None) if sources.iter().all(|device| *device == Some(first)) => Ok(first),
        (None, Some(device)) if sources.iter().all(Option::is_none) => Ok(device),
        (None, None) => Err(no_device()),
        _ => Err(Failure::usage("a copy goes between this machine and one device")
            .hint("from device to device in two steps")),
    }
}

fn no_device() -> Failure {
    Failure::usage("no path is on a device").hint("homing cp mx1.fra:/var/log/messages .")
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(paths: &[&str]) -> Result<String, String> {
        let places: Vec<_> = paths.iter().map(|path| Place::read(path)).collect();
        the_device(&places).map(str::to_owned).map_err(|failure| failure.message)
    }

    #[test]
    fn a_copy_is_between_here_and_one_device() {
        assert_eq!(device(&["mx1:/a", "."]), Ok("mx1".into()));
        assert_eq!(device(&["a", "b", "mx1:"]), Ok("mx1".into()));
        assert_eq!(device(&["mx1:/a", "mx1:/b", "here"]), Ok("mx1".into()));
        assert_eq!(device(&["a", "b"]), Err("no path is on a device".into()));
        for bad in
            [["mx1:/a", "mx2:/b"].as_slice(), &["mx1:/a", "mx2:/a", "."], &["mx1:/a", "b", "."]]
        {
            assert!(device(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_slash_before_the_colon_makes_it_a_path_of_this_machine() {
        assert_eq!(Place::read("./a:b"), Place::Here("./a:b"));
        assert_eq!(Place::read(":b"), Place::Here(":b"));
        assert_eq!(Place::read("mx1:a:b"), Place::On { device: "mx1", path: "a:b" });
    }
}
