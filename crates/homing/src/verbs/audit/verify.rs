//! `homing audit verify`: of the gateway's trail, or of an export, which needs no gateway.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use homing_proto::audit::{ChainHash, ExportLine, Head, Report, Verifier};

use crate::client::Target;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::verbs::Context;

/// Options of `homing audit verify`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A head that was noted elsewhere: it must be in the trail
    #[arg(long, value_name = "ID:HASH")]
    head: Option<Head>,
    /// An export instead of the gateway's trail; `-` is stdin
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Verifies, and fails if something is broken.
pub(super) async fn run(arguments: Arguments, context: &Context) -> Result<(), Failure> {
    let report = match &arguments.file {
        Some(file) => of_file(file, arguments.head)?,
        None => {
            let head = arguments.head.map(|head| head.to_string());
            let target = Target::new(&["audit", "verify"]).optional("head", head.as_deref());
            context.client.get_slow(&target).await?
        }
    };
    context.output.object(&report, |_| text(&report))?;
    match report.broken {
        None => Ok(()),
        Some(broken) => Err(Failure::new(Exit::Failed, broken.code(), broken.to_string())
            .hint("keep the data folder as it is, and compare with an export or a noted head")),
    }
}

fn text(report: &Report) -> String {
    let mut text = match report.broken {
        None => format!("intact    {} entries from {} on\n", report.entries, report.first),
        Some(broken) => format!("BROKEN    {broken}\n"),
    };
    if let Some(pruned) = report.pruned {
        text += &format!("pruned    up to {}, in due order\n", pruned.last);
    }
    match report.noted {
        Some(true) => text += "noted     the noted head is in it\n",
        Some(false) => text += "noted     the noted head is NOT in it\n",
        None => {}
    }
    text + &format!("head      {}\n", report.head)
}

fn of_file(path: &Path, noted: Option<Head>) -> Result<Report, Failure> {
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::Failed, "unreadable", format!("can't read {}: {error}", path.display()))
    };
    let reader: Box<dyn BufRead> = match path == Path::new("-") {
        true => Box::new(std::io::stdin().lock()),
        false => Box::new(BufReader::new(std::fs::File::open(path).map_err(unreadable)?)),
    };
    let mut verifier: Option<Verifier> = None;
    for (number, line) in (1u64..).zip(reader.lines()) {
        let line = line.map_err(unreadable)?;
        let link = ExportLine::parse(&line).map_err(|error| {
            Failure::new(Exit::Failed, "malformed-export", format!("line {number}: {error}"))
        })?;
        let verifier = verifier.get_or_insert_with(|| begin(&link, noted));
        verifier.handle_link(link.canonical, link.hash);
    }
    Ok(verifier.unwrap_or_default().handle_end())
}

/// An export may begin anywhere: then the hash before its first line is taken as it is.
fn begin(first: &ExportLine<'_>, noted: Option<Head>) -> Verifier {
    let verifier = match first.previous {
        ChainHash::START => Verifier::new(),
        previous => Verifier::of_part(previous),
    };
    noted.into_iter().fold(verifier, Verifier::expecting)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use homing_proto::audit::Broken;

    use super::*;

    const CHAIN: &str = include_str!("../../../../../testdata/audit/chain.jsonl");

    fn verified(text: &str, noted: Option<Head>) -> Result<Report, Failure> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        of_file(file.path(), noted)
    }

    #[test]
    fn an_export_is_verified_without_a_gateway() {
        let report = verified(CHAIN, None).unwrap();
        assert!(report.intact);
        assert!(verified(CHAIN, Some(report.head)).unwrap().intact);
        let altered = CHAIN.replace("\"candidate\"", "\"running\"");
        assert_eq!(verified(&altered, None).unwrap().broken, Some(Broken::Altered { id: 2 }));
        let part: String = CHAIN.lines().skip(2).map(|line| format!("{line}\n")).collect();
        let report = verified(&part, Some(report.head)).unwrap();
        assert_eq!((report.intact, report.first, report.noted), (true, 3, Some(true)));
    }

    #[test]
    fn a_line_that_is_none_is_told_by_its_number() {
        let error = verified(&format!("{CHAIN}nonsense\n"), None).unwrap_err();
        assert!(error.message.starts_with("line 6: expected a line of"), "{}", error.message);
    }
}
