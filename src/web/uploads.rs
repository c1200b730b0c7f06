//! `/api/v1/datasets/{dataset}/uploads`: files of the visitor's machine, streamed to the disk under limits and then
//! imported. An upload lies in a folder of its own, which goes when its import is over.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError, web};
use futures::TryStreamExt;
use serde_json::{Map, Value, json};
use tator_domain::DatasetName;
use tator_pipeline::{JobId, JobRecord, JobState, Workbench};

use crate::api::import_request;
use crate::door::Door;
use crate::error::{WebError, WebResult, blocking};
use crate::metrics::is_in_flight;
use crate::security::token::random_hex;
use crate::upload_names::{checked_name, folded};

/// Bytes collected before they are written.
const PIECE: usize = 1 << 20;
/// Most bytes of a field that is not a file.
const LONGEST_FIELD: usize = 4096;
/// Wishes an upload may carry beside its files.
const FIELDS: [&str; 6] = ["format", "task", "split", "existing", "dry_run", "one_based"];
/// File of an upload that holds the number of its job.
const JOB_NOTE: &str = "job";

/// Most of one upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// Files.
    pub files: usize,
    /// Bytes of the whole request.
    pub bytes: u64,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self { files: 200_000, bytes: 50 << 30 }
    }
}

/// Where uploads lie.
#[derive(Debug)]
pub struct Uploads {
    folder: PathBuf,
    limits: UploadLimits,
}

impl Uploads {
    /// Opens the folder and clears away what no job needs any more.
    ///
    /// # Errors
    /// When the folder cannot be made or read.
    pub fn open(folder: PathBuf, limits: UploadLimits, workbench: &Workbench) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let job = fs::read_to_string(path.join(JOB_NOTE)).ok().and_then(|text| text.parse::<JobId>().ok());
            let needed = job.and_then(|id| workbench.job(id).ok()).is_some_and(|job| needs_files(&job));
            if !needed {
                remove(&path);
            }
        }
        Ok(Self { folder, limits })
    }

    /// The upload of a dry run belongs to the import that came of it; gives its folder, if there is one.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub(crate) fn hand_over(&self, checked: JobId, import: JobId) -> io::Result<Option<PathBuf>> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if fs::read_to_string(path.join(JOB_NOTE)).is_ok_and(|text| text == checked.to_string()) {
                fs::write(path.join(JOB_NOTE), import.to_string())?;
                return Ok(Some(path));
            }
        }
        Ok(None)
    }
}

fn needs_files(job: &JobRecord) -> bool {
    is_in_flight(job.state) || (job.resumable && job.state == JobState::Interrupted)
}

/// A dry run that ended well: its files stay for the import that may follow, until the next start of the server.
fn is_checked(job: &JobRecord) -> bool {
    matches!(job.state, JobState::Done | JobState::Partly)
        && job.report.as_ref().is_some_and(|report| report["dry_run"] == true)
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_dir_all(path) {
        tracing::warn!(path = %path.display(), %error, "an upload could not be cleared away");
    }
}

pub(crate) fn doors() -> Vec<Door> {
    vec![Door::post("/api/v1/datasets/{dataset}/uploads", |route| route.to(upload))]
}

async fn upload(
    bench: web::Data<Workbench>,
    uploads: web::Data<Uploads>,
    dataset: web::Path<DatasetName>,
    form: Multipart,
) -> WebResult<HttpResponse> {
    let mut upload = Upload::begin(&uploads)?;
    match upload.receive(&bench, &dataset, form).await {
        Ok(job_id) => {
            let folder = upload.keep_for(job_id)?;
            actix_web::rt::spawn(clear_after(bench, job_id, folder));
            Ok(HttpResponse::Accepted().json(json!({ "job_id": job_id })))
        }
        Err(error) => {
            web::block(move || drop(upload)).await?;
            Err(error)
        }
    }
}

fn unreadable(error: &actix_multipart::MultipartError) -> WebError {
    const HINT: &str = "send multipart/form-data; each file's name is its relative path";
    let status = error.status_code();
    if status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
        return WebError::new(status, "unsupported_media_type", "the body is no upload").hint(HINT);
    }
    WebError::bad_request(format!("the upload cannot be read: {error}")).hint(HINT)
}

/// Waits for the end of the import; a server that stops meanwhile clears up at its next start.
pub(crate) async fn clear_after(bench: web::Data<Workbench>, job: JobId, folder: PathBuf) {
    loop {
        actix_web::rt::time::sleep(Duration::from_secs(2)).await;
        let asked = bench.clone();
        match web::block(move || asked.job(job)).await {
            Ok(Ok(record)) if needs_files(&record) => {}
            Ok(Ok(record)) if is_checked(&record) => return,
            Ok(_) => break,
            Err(_) => return,
        }
    }
    let _ = web::block(move || remove(&folder)).await;
}

/// One upload on its way in; dropped before its import has begun (it was refused, or the visitor went away), it clears
/// up after itself.
struct Upload {
    folder: PathBuf,
    limits: UploadLimits,
    bytes: u64,
    names: HashSet<String>,
    files: Vec<PathBuf>,
    fields: Map<String, Value>,
    kept: bool,
}

impl Upload {
    fn begin(uploads: &Uploads) -> WebResult<Self> {
        let id = random_hex().map_err(|error| WebError::broken(&error))?;
        let folder = uploads.folder.join(&id[..16]);
        fs::create_dir_all(folder.join("files")).map_err(writing)?;
        Ok(Self {
            folder,
            limits: uploads.limits,
            bytes: 0,
            names: HashSet::new(),
            files: Vec::new(),
            fields: Map::new(),
            kept: false,
        })
    }

    /// Takes everything in and begins the import.
    async fn receive(
        &mut self,
        bench: &web::Data<Workbench>,
        dataset: &DatasetName,
        mut form: Multipart,
    ) -> WebResult<JobId> {
        while let Some(field) = form.try_next().await.map_err(|error| unreadable(&error))? {
            self.take(field).await?;
        }
        let mut fields = std::mem::take(&mut self.fields);
        fields.insert("source".to_owned(), json!(self.source()?));
        fields.insert("mode".to_owned(), json!("copy"));
        let request = import_request(dataset, fields)?;
        let bench = bench.clone();
        blocking(move || bench.start_import(request)).await
    }

    async fn take(&mut self, field: Field) -> WebResult<()> {
        let file_name = field.content_disposition().and_then(|content| content.get_filename().map(str::to_owned));
        match file_name {
            Some(name) => self.take_file(&name, field).await,
            None => self.take_field(field).await,
        }
    }

    async fn take_field(&mut self, mut field: Field) -> WebResult<()> {
        let name = field.name().unwrap_or_default().to_owned();
        let mut text = Vec::new();
        while let Some(piece) = field.try_next().await.map_err(|error| unreadable(&error))? {
            text.extend_from_slice(&piece);
            if text.len() > LONGEST_FIELD {
                return Err(WebError::invalid(&name, format!("the field {name:?} is too long")));
            }
        }
        if !FIELDS.contains(&name.as_str()) {
            return Err(WebError::invalid(
                &name,
                format!("the field {name:?} is not known: use {}", FIELDS.join(", ")),
            ));
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        let value = match (name.as_str(), text.as_str()) {
            (_, "") => return Ok(()),
            ("dry_run" | "one_based", flag) => Value::Bool(matches!(flag, "true" | "on" | "1")),
            _ => Value::String(text),
        };
        self.fields.insert(name, value);
        Ok(())
    }

    async fn take_file(&mut self, name: &str, mut field: Field) -> WebResult<()> {
        let relative =
            checked_name(name).map_err(|why| WebError::invalid("files", format!("the file name {name:?} {why}")))?;
        if !self.names.insert(folded(&relative)) {
            return Err(WebError::invalid(
                "files",
                format!("two files are called {relative:?} (upper and lower case count as one)"),
            ));
        }
        if self.names.len() > self.limits.files {
            return Err(WebError::invalid(
                "files",
                format!("more than {} files: send a zip, or import a folder by its path", self.limits.files),
            ));
        }
        let path = self.folder.join("files").join(&relative);
        let mut file = Some(web::block(move || create(&path)).await?.map_err(writing)?);
        let mut waiting = Vec::new();
        while let Some(piece) = field.try_next().await.map_err(|error| unreadable(&error))? {
            self.bytes += piece.len() as u64;
            if self.bytes > self.limits.bytes {
                return Err(WebError::too_large(self.limits.bytes));
            }
            waiting.extend_from_slice(&piece);
            if waiting.len() >= PIECE {
                file = append(file, std::mem::take(&mut waiting)).await?;
            }
        }
        append(file, waiting).await?;
        self.files.push(PathBuf::from(relative));
        Ok(())
    }

    /// What is imported: the one archive, or the folder; the folder inside when everything lies in one.
    fn source(&self) -> WebResult<PathBuf> {
        let files = self.folder.join("files");
        match self.files.as_slice() {
            [] => Err(WebError::invalid("files", "the upload holds no file")),
            [one] if one.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("zip")) => Ok(files.join(one)),
            [first, rest @ ..] => Ok(match first.iter().next() {
                Some(top) if first.iter().count() > 1 && rest.iter().all(|file| file.starts_with(top)) => {
                    files.join(top)
                }
                _ => files,
            }),
        }
    }

    fn keep_for(mut self, job: JobId) -> WebResult<PathBuf> {
        self.kept = true;
        fs::write(self.folder.join(JOB_NOTE), job.to_string()).map_err(writing)?;
        Ok(self.folder.clone())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.kept {
            remove(&self.folder);
        }
    }
}

fn create(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create_new(path)
}

async fn append(file: Option<File>, bytes: Vec<u8>) -> WebResult<Option<File>> {
    let write = move || {
        let mut file = file;
        file.as_mut().map_or(Ok(()), |file| file.write_all(&bytes)).map(|()| file)
    };
    web::block(write).await?.map_err(writing)
}

fn writing(source: io::Error) -> WebError {
    tator_pipeline::Error::Io { what: "keeping the upload".to_owned(), source }.into()
}
