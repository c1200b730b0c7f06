//! A `.zip`: its directory is judged whole before a byte is inflated, and what is inflated is counted and checked.
//!
//! Offsets: APPNOTE.TXT 4.3. The attacks refused here: zip slip, links, case and composition collisions, bombs by
//! ratio, by overlap (Fifield, "A better zip bomb", 2019) and by lying headers.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use flate2::bufread::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::entry_names::{fault, refuse_collisions};
use super::region::Region;
use super::{Entry, Limits, Listing, Tree, folder};
use crate::error::Error;

/// Kind of file in the upper half of the external attributes, as Unix has it.
const KIND_MASK: u32 = 0o170_000;
const KIND_FOLDER: u32 = 0o040_000;
const KIND_FILE: u32 = 0o100_000;

/// An archive whose directory was found harmless.
#[derive(Debug)]
struct Archive {
    file: Arc<File>,
    members: Vec<Member>,
}

/// Where an entry's bytes are.
#[derive(Debug)]
struct Member {
    header: u64,
    data: u64,
    compressed: u64,
    bytes: u64,
    crc: u32,
    deflated: bool,
}

/// Reads and judges the directory of an archive.
pub(super) fn list(path: &Path, limits: &Limits) -> Result<Listing, Error> {
    let file = Arc::new(File::open(path).map_err(Error::io(format!("opening {}", path.display())))?);
    let length = file.metadata().map_err(Error::io(format!("opening {}", path.display())))?.len();
    let broken =
        |e: zip::result::ZipError| Error::invalid(path.display().to_string(), format!("is not a sound zip: {e}"));
    let mut archive = ZipArchive::new(BufReader::new(Region::new(Arc::clone(&file), 0, length))).map_err(broken)?;
    if archive.has_duplicate_names() {
        return Err(Error::invalid(path.display().to_string(), "names the same entry twice; which one is meant?"));
    }
    if archive.len() > limits.entries {
        let message = format!("has {} entries; at most {} are taken", archive.len(), limits.entries);
        return Err(Error::invalid(path.display().to_string(), message));
    }
    let mut all = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        all.push(member(&mut archive, index, limits)?);
    }
    refuse_overlaps(&all, archive.central_directory_start())?;
    refuse_sum(&all, limits)?;
    let files: Vec<_> = all.into_iter().filter(|(name, _)| !name.ends_with('/')).collect();
    refuse_collisions(files.iter().map(|(name, _)| name.as_str()))?;
    Ok(listing(file, files))
}

fn listing(file: Arc<File>, files: Vec<(String, Member)>) -> Listing {
    let kept = files.into_iter().filter(|(name, _)| !is_clutter(name));
    let (entries, members) = kept.map(|(path, m)| (Entry { path, bytes: m.bytes }, m)).unzip();
    Listing { tree: Box::new(Archive { file, members }), entries, left_out: Vec::new() }
}

fn is_clutter(name: &str) -> bool {
    let last = name.matches('/').count();
    name.split('/').enumerate().any(|(depth, part)| folder::is_clutter_name(part, depth < last))
}

/// One entry of the directory, refused when its name, kind, method or size is.
fn member(
    archive: &mut ZipArchive<BufReader<Region>>,
    index: usize,
    limits: &Limits,
) -> Result<(String, Member), Error> {
    let entry = archive.by_index_raw(index);
    let entry =
        entry.map_err(|e| Error::invalid(format!("entry {index} of the archive"), format!("is broken: {e}")))?;
    let name = entry_name(entry.name_raw(), || entry.name().map(std::borrow::Cow::into_owned).ok());
    let refuse = |why: &str| Err(Error::invalid(name.clone(), why.to_owned()));
    if let Some(why) = fault(&name) {
        return refuse(&format!("{why}; the archive is refused"));
    }
    let kind = (entry.external_attributes() >> 16) & KIND_MASK;
    if !matches!(kind, 0 | KIND_FILE | KIND_FOLDER) {
        return refuse("is a link or a device; only files and folders are taken");
    }
    if entry.encrypted() {
        return refuse("is encrypted; unpack the archive and import the folder");
    }
    let deflated = match entry.compression() {
        CompressionMethod::Stored => false,
        CompressionMethod::Deflated => true,
        other => return refuse(&format!("is packed with {other}; pack the archive with deflate")),
    };
    let (bytes, compressed) = (entry.size(), entry.compressed_size());
    if bytes > limits.ratio_above && bytes / limits.ratio.max(1) > compressed {
        return refuse(&format!("would grow from {compressed} to {bytes} bytes, more than {} times", limits.ratio));
    }
    let Some(data) = entry.data_start() else { return refuse("has no data") };
    let member = Member { header: entry.header_start(), data, compressed, bytes, crc: entry.crc32(), deflated };
    Ok((name, member))
}

/// Names are UTF-8 even where an old packer forgot to say so; else code page 437.
fn entry_name(raw: &[u8], decoded: impl FnOnce() -> Option<String>) -> String {
    match std::str::from_utf8(raw) {
        Ok(name) => name.to_owned(),
        Err(_) => decoded().unwrap_or_else(|| String::from_utf8_lossy(raw).into_owned()),
    }
}

fn refuse_overlaps(all: &[(String, Member)], directory: u64) -> Result<(), Error> {
    let mut order: Vec<&(String, Member)> = all.iter().collect();
    order.sort_by_key(|(_, m)| m.header);
    let end = |m: &Member| m.data.saturating_add(m.compressed);
    if let Some((name, _)) = order.iter().find(|(_, m)| end(m) > directory) {
        return Err(Error::invalid(name.clone(), "runs into the archive's directory; the archive is refused"));
    }
    match order.windows(2).find(|w| end(&w[0].1) > w[1].1.header) {
        Some(w) => Err(Error::invalid(w[1].0.clone(), format!("shares bytes with {}; the archive is refused", w[0].0))),
        None => Ok(()),
    }
}

fn refuse_sum(all: &[(String, Member)], limits: &Limits) -> Result<(), Error> {
    let mut sum = 0_u64;
    for (name, member) in all {
        sum = sum.saturating_add(member.bytes);
        if sum > limits.total_bytes {
            let message = format!("brings the archive above {} bytes unpacked; unpack it first", limits.total_bytes);
            return Err(Error::invalid(name.clone(), message));
        }
    }
    Ok(())
}

impl Tree for Archive {
    fn open(&self, number: usize, entry: &Entry) -> Result<Box<dyn Read + Send + '_>, Error> {
        let member = &self.members[number];
        let region = Region::new(Arc::clone(&self.file), member.data, member.data + member.compressed);
        let path = entry.path.clone();
        Ok(if member.deflated {
            Box::new(Checked::new(DeflateDecoder::new(BufReader::new(region)), member, path))
        } else {
            Box::new(Checked::new(region, member, path))
        })
    }
}

/// Counts what is really inflated and compares it with the directory.
struct Checked<R> {
    inner: R,
    left: u64,
    crc: u32,
    hasher: crc32fast::Hasher,
    path: String,
}

impl<R: Read> Checked<R> {
    fn new(inner: R, member: &Member, path: String) -> Self {
        Self { inner, left: member.bytes, crc: member.crc, hasher: crc32fast::Hasher::new(), path }
    }

    fn fail(&self, why: &str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, format!("{} {why}", self.path))
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let read = self.inner.read(buffer).map_err(|e| self.fail(&format!("cannot be inflated: {e}")))?;
        if read as u64 > self.left {
            return Err(self.fail("holds more bytes than the archive's directory says"));
        }
        self.left -= read as u64;
        self.hasher.update(&buffer[..read]);
        if read == 0 && self.left > 0 {
            return Err(self.fail("ends before the bytes the archive's directory promises"));
        }
        if read == 0 && self.hasher.clone().finalize() != self.crc {
            return Err(self.fail("has a wrong checksum; the archive is damaged"));
        }
        Ok(read)
    }
}
