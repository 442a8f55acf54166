//! What the client asks of the file system, one request after the other.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, ReadDir};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use russh_sftp::protocol::File as Entry;
use russh_sftp::protocol::{
    Attrs, Data, FileAttributes, Handle, Name, OpenFlags, Packet, Status, StatusCode, Version,
};
use russh_sftp::server::{Handler, StatusReply};

use super::attributes::{attributes, mode, reply, set_on_file, set_on_path};

/// Files and folders open at once.
const MOST_OPEN: usize = 256;
/// Bytes given for one read.
const LONGEST_READ: u32 = 256 * 1024;
/// Entries given for one look into a folder.
const ENTRIES: usize = 100;

/// Something a client has open.
enum Open {
    /// A file.
    File(File),
    /// A folder and its entries yet to be told.
    Folder(PathBuf, ReadDir),
}

/// The files of one client.
#[derive(Default)]
pub(super) struct Files {
    /// By the name the client uses.
    open: HashMap<String, Open>,
    /// Names given so far.
    given: u64,
}

impl Files {
    /// Keeps `open` under a new name.
    fn keep(&mut self, id: u32, open: Open) -> Result<Handle, StatusReply> {
        if self.open.len() >= MOST_OPEN {
            return Err(StatusCode::Failure.with_message("too many files are open"));
        }
        self.given += 1;
        let handle = self.given.to_string();
        self.open.insert(handle.clone(), open);
        Ok(Handle { id, handle })
    }

    /// The open file of that name.
    fn file(&self, handle: &str) -> Result<&File, StatusReply> {
        match self.open.get(handle) {
            Some(Open::File(file)) => Ok(file),
            _ => Err(StatusCode::Failure.with_message("no such file is open")),
        }
    }
}

/// What is answered when there is nothing to say.
fn done(id: u32) -> Status {
    let error_message = "Ok".to_owned();
    Status { id, status_code: StatusCode::Ok, error_message, language_tag: "en".to_owned() }
}

/// The answer to something that may fail.
fn answer(id: u32, result: io::Result<()>) -> Result<Status, StatusReply> {
    result.map(|()| done(id)).map_err(|error| reply(&error))
}

/// One path as a reply.
fn named(id: u32, path: &Path) -> Name {
    Name { id, files: vec![Entry::dummy(path.to_string_lossy())] }
}

/// The absolute path, also of a file that isn't there yet.
fn real(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            let parent = fs::canonicalize(parent.unwrap_or(Path::new(".")))?;
            Ok(path.file_name().map_or(parent.clone(), |name| parent.join(name)))
        }
        found => found,
    }
}

/// An empty path is the folder the client begins in.
fn path(text: &str) -> &Path {
    Path::new(if text.is_empty() { "." } else { text })
}

/// The strings in the data of an extended request.
fn strings<const N: usize>(data: &[u8]) -> Option<[String; N]> {
    let mut rest = data;
    let mut found = Vec::new();
    for _ in 0..N {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (text, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        found.push(String::from_utf8(text.to_vec()).ok()?);
        rest = after;
    }
    found.try_into().ok()
}

impl Handler for Files {
    type Error = StatusReply;

    fn unimplemented(&self) -> StatusReply {
        StatusCode::OpUnsupported.into()
    }

    async fn init(
        &mut self,
        _version: u32,
        _extensions: HashMap<String, String>,
    ) -> Result<Version, StatusReply> {
        let mut version = Version::new();
        for name in ["posix-rename@openssh.com", "fsync@openssh.com", "hardlink@openssh.com"] {
            version.extensions.insert(name.to_owned(), "1".to_owned());
        }
        Ok(version)
    }

    async fn open(
        &mut self,
        id: u32,
        name: String,
        flags: OpenFlags,
        attrs: FileAttributes,
    ) -> Result<Handle, StatusReply> {
        let opened = OpenOptions::from(flags).mode(mode(&attrs, 0o666)).open(path(&name));
        self.keep(id, Open::File(opened.map_err(|error| reply(&error))?))
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status, StatusReply> {
        match self.open.remove(&handle) {
            Some(_) => Ok(done(id)),
            None => Err(StatusCode::Failure.with_message("nothing of that name is open")),
        }
    }

    async fn read(
        &mut self,
        id: u32,
        handle: String,
        offset: u64,
        len: u32,
    ) -> Result<Data, StatusReply> {
        let mut data = vec![0; len.min(LONGEST_READ) as usize];
        let read = self.file(&handle)?.read_at(&mut data, offset);
        match read.map_err(|error| reply(&error))? {
            0 if len > 0 => Err(StatusCode::Eof.into()),
            n => {
                data.truncate(n);
                Ok(Data { id, data })
            }
        }
    }

    async fn write(
        &mut self,
        id: u32,
        handle: String,
        offset: u64,
        data: Vec<u8>,
    ) -> Result<Status, StatusReply> {
        answer(id, self.file(&handle)?.write_all_at(&data, offset))
    }

    async fn stat(&mut self, id: u32, name: String) -> Result<Attrs, StatusReply> {
        let about = fs::metadata(path(&name)).map_err(|error| reply(&error))?;
        Ok(Attrs { id, attrs: attributes(&about) })
    }

    async fn lstat(&mut self, id: u32, name: String) -> Result<Attrs, StatusReply> {
        let about = fs::symlink_metadata(path(&name)).map_err(|error| reply(&error))?;
        Ok(Attrs { id, attrs: attributes(&about) })
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Result<Attrs, StatusReply> {
        let about = self.file(&handle)?.metadata().map_err(|error| reply(&error))?;
        Ok(Attrs { id, attrs: attributes(&about) })
    }

    async fn setstat(
        &mut self,
        id: u32,
        name: String,
        attrs: FileAttributes,
    ) -> Result<Status, StatusReply> {
        answer(id, set_on_path(path(&name), &attrs))
    }

    async fn fsetstat(
        &mut self,
        id: u32,
        handle: String,
        attrs: FileAttributes,
    ) -> Result<Status, StatusReply> {
        answer(id, set_on_file(self.file(&handle)?, &attrs))
    }

    async fn opendir(&mut self, id: u32, name: String) -> Result<Handle, StatusReply> {
        let entries = fs::read_dir(path(&name)).map_err(|error| reply(&error))?;
        self.keep(id, Open::Folder(path(&name).to_owned(), entries))
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, StatusReply> {
        let Some(Open::Folder(folder, entries)) = self.open.get_mut(&handle) else {
            return Err(StatusCode::Failure.with_message("no such folder is open"));
        };
        let mut files = Vec::new();
        for entry in entries.take(ENTRIES) {
            let name = entry.map_err(|error| reply(&error))?.file_name();
            // One that went away meanwhile is told without attributes.
            let about = fs::symlink_metadata(folder.join(&name));
            let about =
                about.map(|about| attributes(&about)).unwrap_or_else(|_| FileAttributes::empty());
            files.push(Entry::new(name.to_string_lossy(), about));
        }
        if files.is_empty() { Err(StatusCode::Eof.into()) } else { Ok(Name { id, files }) }
    }

    async fn remove(&mut self, id: u32, name: String) -> Result<Status, StatusReply> {
        answer(id, fs::remove_file(path(&name)))
    }

    async fn mkdir(
        &mut self,
        id: u32,
        name: String,
        attrs: FileAttributes,
    ) -> Result<Status, StatusReply> {
        let mode = mode(&attrs, 0o777);
        answer(id, fs::DirBuilder::new().mode(mode).create(path(&name)))
    }

    async fn rmdir(&mut self, id: u32, name: String) -> Result<Status, StatusReply> {
        answer(id, fs::remove_dir(path(&name)))
    }

    async fn realpath(&mut self, id: u32, name: String) -> Result<Name, StatusReply> {
        let real = real(path(&name)).map_err(|error| reply(&error))?;
        Ok(named(id, &real))
    }

    /// Version 3 does not replace; `posix-rename` does.
    async fn rename(&mut self, id: u32, old: String, new: String) -> Result<Status, StatusReply> {
        if fs::symlink_metadata(path(&new)).is_ok() {
            return Err(StatusCode::Failure.with_message("a file of the new name exists"));
        }
        answer(id, fs::rename(path(&old), path(&new)))
    }

    async fn readlink(&mut self, id: u32, name: String) -> Result<Name, StatusReply> {
        let target = fs::read_link(path(&name)).map_err(|error| reply(&error))?;
        Ok(named(id, &target))
    }

    /// OpenSSH sends the target first, against the draft, and everybody follows it.
    async fn symlink(
        &mut self,
        id: u32,
        target: String,
        link: String,
    ) -> Result<Status, StatusReply> {
        answer(id, std::os::unix::fs::symlink(target, path(&link)))
    }

    async fn extended(
        &mut self,
        id: u32,
        request: String,
        data: Vec<u8>,
    ) -> Result<Packet, StatusReply> {
        let malformed = || StatusReply::from(StatusCode::BadMessage);
        let status = match request.as_str() {
            "posix-rename@openssh.com" => {
                let [old, new] = strings(&data).ok_or_else(malformed)?;
                answer(id, fs::rename(path(&old), path(&new)))?
            }
            "hardlink@openssh.com" => {
                let [old, new] = strings(&data).ok_or_else(malformed)?;
                answer(id, fs::hard_link(path(&old), path(&new)))?
            }
            "fsync@openssh.com" => {
                let [handle] = strings(&data).ok_or_else(malformed)?;
                answer(id, self.file(&handle)?.sync_all())?
            }
            _ => return Err(self.unimplemented()),
        };
        Ok(Packet::Status(status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_data_is_length_and_text() {
        let data = b"\0\0\0\x01a\0\0\0\x02bc";
        assert_eq!(strings(data), Some(["a".to_owned(), "bc".to_owned()]));
        assert_eq!(strings::<3>(data), None);
        assert_eq!(strings::<1>(b"\xff\xff\xff\xffa"), None);
    }

    #[test]
    fn a_path_is_made_absolute_even_if_its_last_part_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        assert_eq!(real(&folder.join("new")).unwrap(), folder.join("new"));
        assert_eq!(real(&folder.join(".")).unwrap(), folder);
        assert!(real(&folder.join("no/where")).is_err());
    }

    #[tokio::test]
    async fn a_file_is_written_read_and_renamed_without_replacing() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let mut files = Files::default();
        let flags = OpenFlags::CREATE | OpenFlags::WRITE | OpenFlags::READ;
        let attrs = FileAttributes { permissions: Some(0o640), ..FileAttributes::empty() };
        let handle = files.open(1, at("a"), flags, attrs).await.unwrap().handle;
        files.write(2, handle.clone(), 0, b"hello".to_vec()).await.unwrap();
        assert_eq!(files.read(3, handle.clone(), 1, 100).await.unwrap().data, b"ello");
        assert_eq!(
            files.read(4, handle.clone(), 5, 100).await.unwrap_err(),
            StatusCode::Eof.into()
        );
        files.close(5, handle.clone()).await.unwrap();
        files.read(6, handle, 0, 1).await.unwrap_err();
        fs::write(at("b"), "other").unwrap();
        files.rename(7, at("a"), at("b")).await.unwrap_err();
        files.rename(8, at("a"), at("c")).await.unwrap();
        let attrs = files.stat(9, at("c")).await.unwrap().attrs;
        assert_eq!((attrs.size, attrs.permissions), (Some(5), Some(0o100_640)));
    }

    #[tokio::test]
    async fn open_files_are_limited() {
        let mut files = Files::default();
        for _ in 0..MOST_OPEN {
            files.opendir(1, "/".into()).await.unwrap();
        }
        files.opendir(1, "/".into()).await.unwrap_err();
    }
}
