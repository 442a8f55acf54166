//! `<file-list>`, `<file-show>`, `<file-put>` and their like, in the user's own folder.
//!
//! Source: Junos XML API; the elements that PyEZ's `FS` reads.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use homing_proto::datastore::Timestamp;
use homing_proto::hex::hex;
use homing_proto::netconf::element::Element;
use homing_proto::netconf::error::RpcError;
use md5::Digest as _;

use super::super::files::{Files, Place};
use super::system::{counted, leaf, root};
use super::{Answer, Context, Reply};

const NAMESPACE: &str = "http://xml.juniper.net/junos/*/junos-filelist";

/// The most files of one directory that are told.
const MOST: usize = 10_000;

pub(super) fn directory(_: &Element, context: &Context) -> Answer {
    let inside = leaf("working-directory", context.files.home());
    Ok(Reply::Element(Element::new("cli").with(inside)))
}

/// Does something with files beside the other tasks.
async fn blocking<T: Send + 'static>(
    context: &Context,
    work: impl FnOnce(&Files) -> Result<T, RpcError> + Send + 'static,
) -> Result<T, RpcError> {
    let files = context.files.clone();
    let done = tokio::task::spawn_blocking(move || work(&files)).await;
    done.unwrap_or_else(|_| Err(RpcError::operation_failed("the files can't be reached")))
}

/// The place that a child of the operation names.
fn place(operation: &Element, name: &str, context: &Context) -> Result<Place, RpcError> {
    let text = operation.child_text(name).ok_or_else(|| RpcError::missing_element(name))?;
    named(text, context).map_err(|error| error.with_info("bad-element", name))
}

fn named(text: &str, context: &Context) -> Result<Place, RpcError> {
    let outside = || RpcError::access_denied(format!("{text} is outside of this device's files"));
    context.files.place(text).ok_or_else(outside)
}

fn failed(place: &Place, error: &io::Error) -> RpcError {
    match error.kind() {
        io::ErrorKind::NotFound => {
            RpcError::operation_failed(format!("could not resolve file: {}", place.name))
        }
        _ => RpcError::operation_failed(format!("{}: {error}", place.name)),
    }
}

pub(super) async fn list(operation: &Element, context: &Context) -> Answer {
    let wanted = operation.child_text("path").filter(|path| !path.is_empty()).unwrap_or("~");
    let place = named(wanted, context)?;
    let in_detail = operation.child("detail").is_some();
    let mut answer = root("directory-list", NAMESPACE);
    let listed = blocking(context, move |files| Ok(list_of(files, &place, in_detail))).await?;
    let root_path = listed.attribute("name").unwrap_or(wanted);
    answer = answer.with_attribute("root-path", &format!("{}/", root_path.trim_end_matches('/')));
    answer.children.push(listed.in_namespace(NAMESPACE));
    Ok(Reply::Element(answer))
}

/// `<directory>`, or `<output>` with why there is none.
fn list_of(files: &Files, place: &Place, in_detail: bool) -> Element {
    let read = || -> io::Result<Element> {
        let path = files.find(place)?;
        let meta = path.symlink_metadata()?;
        if !meta.is_dir() {
            return Ok(Element::new("directory").with(file(&place.name, &meta, in_detail)));
        }
        let mut names: Vec<_> =
            std::fs::read_dir(&path)?.take(MOST).filter_map(|entry| entry.ok()).collect();
        names.sort_by_key(std::fs::DirEntry::file_name);
        let mut directory = Element::new("directory").with_attribute("name", &place.name);
        for entry in &names {
            let name = entry.file_name().to_string_lossy().into_owned();
            // Gone in the meantime, most likely.
            let Ok(meta) = entry.metadata() else { continue };
            directory.children.push(file(&name, &meta, in_detail));
        }
        let count = directory.children.len();
        Ok(directory.with(leaf("total-files", count)))
    };
    read().unwrap_or_else(|error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "No such file or directory".to_owned(),
            _ => error.to_string(),
        };
        leaf("output", format!("\n{}: {why}\n", place.name))
    })
}

fn file(name: &str, meta: &Metadata, in_detail: bool) -> Element {
    let mut out = Element::new("file-information").with(leaf("file-name", name));
    if meta.is_dir() {
        out.children.push(Element::new("file-directory"));
    }
    if !in_detail {
        return out;
    }
    let mode = meta.mode() & 0o7777;
    let at = Timestamp::from_second(meta.mtime()).unwrap_or_default();
    out.with(counted(
        "file-permissions",
        format!("{mode:o}"),
        "format",
        letters(mode, meta.is_dir()),
    ))
    .with(leaf("file-owner", owner(meta.uid())))
    .with(leaf("file-links", meta.nlink()))
    .with(leaf("file-size", meta.len()))
    .with(counted("file-date", at.as_second(), "format", at.strftime("%b %e %H:%M")))
}

fn owner(uid: u32) -> String {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

/// `-rw-r--r--`.
fn letters(mode: u32, is_directory: bool) -> String {
    let kind = if is_directory { 'd' } else { '-' };
    let bits = "rwxrwxrwx".chars().zip((0..9).rev());
    let letters = bits.map(|(letter, bit)| if mode >> bit & 1 == 1 { letter } else { '-' });
    std::iter::once(kind).chain(letters).collect()
}

pub(super) async fn show(operation: &Element, context: &Context) -> Answer {
    let place = place(operation, "filename", context)?;
    let (name, bytes) = read(place, context).await?;
    let content = leaf("file-content", String::from_utf8_lossy(&bytes))
        .with_attribute("encoding", "text")
        .with_attribute("filename", &name)
        .with_attribute("filesize", &bytes.len().to_string());
    Ok(Reply::Element(content.in_namespace(NAMESPACE)))
}

async fn read(place: Place, context: &Context) -> Result<(String, Vec<u8>), RpcError> {
    let name = place.name.clone();
    let bytes =
        blocking(context, move |files| files.read(&place).map_err(|error| failed(&place, &error)));
    Ok((name, bytes.await?))
}

/// The whole name and the contents of a file that is named by text or URL.
pub(super) async fn read_named(
    name: &str,
    context: &Context,
) -> Result<(String, Vec<u8>), RpcError> {
    read(named(name, context)?, context).await
}

/// Writes a file that is named by text or URL.
pub(super) async fn write_named(
    name: &str,
    contents: Vec<u8>,
    context: &Context,
) -> Result<(), RpcError> {
    let place = named(name, context)?;
    let write =
        move |files: &Files| files.write(&place, &contents).map_err(|error| failed(&place, &error));
    blocking(context, write).await
}

/// Removes a file that is named by text or URL.
pub(super) async fn delete_named(name: &str, context: &Context) -> Result<(), RpcError> {
    let place = named(name, context)?;
    let remove = move |files: &Files| {
        let removed = files.find(&place).and_then(std::fs::remove_file);
        removed.map_err(|error| failed(&place, &error))
    };
    blocking(context, remove).await
}

pub(super) async fn get(operation: &Element, context: &Context) -> Answer {
    let place = place(operation, "filename", context)?;
    let is_base64 = encoding(operation)?;
    let (name, bytes) = read(place, context).await?;
    let text = match is_base64 {
        true => BASE64.encode(&bytes),
        false => String::from_utf8(bytes)
            .map_err(|_| RpcError::operation_failed("the file is no text: ask for base64"))?,
    };
    let results = Element::new("file-get-results")
        .with(leaf("filename", name))
        .with(leaf("encoding", if is_base64 { "base64" } else { "ascii" }))
        .with(leaf("file-contents", text));
    Ok(Reply::Element(results.in_namespace(NAMESPACE)))
}

/// Whether the contents are in base64.
fn encoding(operation: &Element) -> Result<bool, RpcError> {
    match operation.child_text("encoding") {
        Some("base64") => Ok(true),
        None | Some("ascii" | "raw") => Ok(false),
        Some(_) => Err(RpcError::bad_element("encoding", "expected ascii or base64 as encoding")),
    }
}

pub(super) async fn put(operation: &Element, context: &Context) -> Answer {
    let place = place(operation, "filename", context)?;
    let contents = operation
        .child("file-contents")
        .ok_or_else(|| RpcError::missing_element("file-contents"))?;
    let bytes = match encoding(operation)? {
        true => {
            let text: String = contents.text.split_whitespace().collect();
            let wrong = |_| RpcError::bad_element("file-contents", "the contents are no base64");
            BASE64.decode(text).map_err(wrong)?
        }
        false => contents.text.clone().into_bytes(),
    };
    let may_replace = operation.child("delete-if-exist").is_some();
    let name = place.name.clone();
    blocking(context, move |files| {
        if !may_replace && files.find(&place).is_ok() {
            let message = format!("{} is there already; use delete-if-exist", place.name);
            return Err(RpcError::operation_failed(message));
        }
        files.write(&place, &bytes).map_err(|error| failed(&place, &error))
    })
    .await?;
    let results =
        Element::new("file-put-results").with(leaf("filename", name)).with(Element::new("success"));
    Ok(Reply::Element(results.in_namespace(NAMESPACE)))
}

pub(super) async fn delete(operation: &Element, context: &Context) -> Answer {
    let place = place(operation, "path", context)?;
    delete_named(&place.name, context).await?;
    Ok(Reply::Body(String::new()))
}

pub(super) async fn copy(operation: &Element, context: &Context) -> Answer {
    let (source, destination) = both(operation, context)?;
    blocking(context, move |files| {
        let bytes = files.read(&source).map_err(|error| failed(&source, &error))?;
        files.write(&destination, &bytes).map_err(|error| failed(&destination, &error))
    })
    .await?;
    Ok(Reply::Body(String::new()))
}

pub(super) async fn rename(operation: &Element, context: &Context) -> Answer {
    let (source, destination) = both(operation, context)?;
    blocking(context, move |files| {
        let from = files.find(&source).map_err(|error| failed(&source, &error))?;
        let to = files.prepare(&destination).map_err(|error| failed(&destination, &error))?;
        std::fs::rename(from, to).map_err(|error| failed(&destination, &error))
    })
    .await?;
    Ok(Reply::Body(String::new()))
}

fn both(operation: &Element, context: &Context) -> Result<(Place, Place), RpcError> {
    let source = place(operation, "source", context)?;
    let mut destination = place(operation, "destination", context)?;
    if operation.child_text("destination").is_some_and(|text| text.ends_with('/')) {
        let name = Path::new(&source.name).file_name().unwrap_or_default().to_string_lossy();
        destination = named(&format!("{}/{name}", destination.name), context)?;
    }
    Ok((source, destination))
}

type Sum = fn(&[u8]) -> Vec<u8>;

pub(super) async fn md5(operation: &Element, context: &Context) -> Answer {
    checksum(operation, context, "MD5", |bytes| md5::Md5::digest(bytes).to_vec()).await
}

pub(super) async fn sha1(operation: &Element, context: &Context) -> Answer {
    checksum(operation, context, "SHA1", |bytes| sha1::Sha1::digest(bytes).to_vec()).await
}

pub(super) async fn sha256(operation: &Element, context: &Context) -> Answer {
    checksum(operation, context, "SHA256", |bytes| sha2::Sha256::digest(bytes).to_vec()).await
}

async fn checksum(operation: &Element, context: &Context, method: &str, sum: Sum) -> Answer {
    let place = place(operation, "path", context)?;
    let (name, bytes) = read(place, context).await?;
    let text = hex(&sum(&bytes));
    let file = Element::new("file-checksum")
        .with(leaf("computation-method", method))
        .with(leaf("input-file", name))
        .with(leaf("checksum", text));
    let answer = Element::new("checksum-information").with(file);
    Ok(Reply::Element(answer.in_namespace(NAMESPACE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_written_as_ls_writes_them() {
        assert_eq!(letters(0o644, false), "-rw-r--r--");
        assert_eq!(letters(0o700, true), "drwx------");
    }
}
