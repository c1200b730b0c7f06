//! One output file in the making: its records wait in temporary files until the head can be written.

use std::collections::BTreeMap;
use std::io::{Seek as _, Write};

use tator_domain::Split;
use tempfile::SpooledTempFile;

use super::json_text::{push_compact, push_string};
use super::numbering::Numbering;
use crate::error::Error;
use crate::output::Output;

/// Records of one array that are kept in memory before they go to a temporary file.
const SPOOL: usize = 16 << 20;

/// Name of a split in files and folders.
pub fn subset_name(split: Split) -> &'static str {
    match split {
        Split::None => "default",
        named => named.as_str(),
    }
}

/// One output file in the making.
pub struct Subset {
    split: Split,
    /// Numbers of its images.
    pub image_numbers: Numbering,
    /// Numbers of its boxes.
    pub box_numbers: Numbering,
    /// Licences of its images.
    pub licences: BTreeMap<String, String>,
    /// Its images.
    pub images: Records,
    /// Its annotations.
    pub annotations: Records,
}

impl Subset {
    /// An empty file.
    pub fn new(split: Split) -> Self {
        Self {
            split,
            image_numbers: Numbering::default(),
            box_numbers: Numbering::default(),
            licences: BTreeMap::new(),
            images: Records::new(),
            annotations: Records::new(),
        }
    }

    /// Categories come before annotations, so that a reader can make one pass.
    pub fn assemble(mut self, dataset: &str, categories: &str, out: &mut dyn Output) -> Result<(), Error> {
        let path = format!("annotations/instances_{}.json", subset_name(self.split));
        let mut head = String::from("{\"info\":{\"description\":");
        push_string(dataset, &mut head);
        head.push_str("},\n\"licenses\":[");
        for (i, raw) in self.licences.values().enumerate() {
            head.push_str(if i == 0 { "\n" } else { ",\n" });
            push_compact(raw, &mut head);
        }
        head.push_str("],\n\"categories\":[");
        head.push_str(categories);
        head.push_str("],\n\"images\":[");
        out.file(&path, &mut |to| {
            let failed = || Error::io(format!("writing {path}"));
            to.write_all(head.as_bytes()).map_err(failed())?;
            self.images.copy(to).map_err(failed())?;
            to.write_all(b"],\n\"annotations\":[").map_err(failed())?;
            self.annotations.copy(to).map_err(failed())?;
            to.write_all(b"]}\n").map_err(failed())
        })
    }
}

/// The records of one array, in memory while they are few.
pub struct Records {
    spool: SpooledTempFile,
    buffer: Vec<u8>,
    any: bool,
}

impl Records {
    fn new() -> Self {
        Self { spool: SpooledTempFile::new(SPOOL), buffer: Vec::new(), any: false }
    }

    /// Adds a record.
    pub fn push(&mut self, line: &str) -> Result<(), Error> {
        self.buffer.extend_from_slice(if self.any { b",\n" } else { b"\n" });
        self.buffer.extend_from_slice(line.as_bytes());
        self.any = true;
        if self.buffer.len() > 1 << 16 { self.flush().map_err(Error::io("writing a temporary file")) } else { Ok(()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.spool.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn copy(&mut self, to: &mut dyn Write) -> std::io::Result<()> {
        self.flush()?;
        self.spool.rewind()?;
        std::io::copy(&mut self.spool, to).map(drop)
    }
}
