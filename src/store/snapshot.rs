//! One moment of a dataset, image by image: what an export writes.

use arrow::array::RecordBatch;
use duckdb::Connection;
use tator_domain::{Class, DatasetName, Image, ImageBox};

use crate::filter::ImageFilter;
use crate::reader;
use crate::writer::Writer;
use crate::{Error, columns, guard, queries};

/// The images that a filter means, with their boxes, as they stood when this was taken.
pub struct Snapshot {
    dataset: DatasetName,
    predicate: String,
    images: Connection,
    boxes: Connection,
    classes: Vec<Class>,
}

impl Writer {
    /// Takes a snapshot of the images that `filter` means.
    ///
    /// # Errors
    /// [`Error::NotFound`], or [`Error::Sql`] for a condition that is refused.
    pub fn snapshot(&self, dataset: &DatasetName, filter: &ImageFilter) -> Result<Snapshot, Error> {
        let engine = &self.reader.engine;
        let (images, boxes) = (engine.connect()?, engine.connect()?);
        if let Some(condition) = filter.condition.as_deref().filter(|s| !s.trim().is_empty()) {
            guard::check_condition(&images, dataset, condition)?;
        }
        // Both transactions begin while no edit can come between them; DuckDB begins for real at the first read.
        let classes = self.change(|_| {
            for connection in [&images, &boxes] {
                connection.execute_batch("BEGIN TRANSACTION READ ONLY")?;
                reader::find_dataset(connection, dataset)?;
                reader::class_records(connection, dataset)?;
            }
            reader::class_records(&images, dataset)
        })?;
        let classes = classes.into_iter().filter(|c| !c.retired).collect();
        Ok(Snapshot { dataset: dataset.clone(), predicate: filter.predicate(), images, boxes, classes })
    }
}

impl Snapshot {
    /// The dataset.
    #[must_use]
    pub fn dataset(&self) -> &DatasetName {
        &self.dataset
    }

    /// Its living classes by number.
    #[must_use]
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// Calls `each` for every image in order, without reading boxes; memory stays bounded.
    ///
    /// # Errors
    /// What `each` returns, or that the tables cannot be read.
    pub fn for_each_image<E: From<Error>>(&self, each: &mut dyn FnMut(Image) -> Result<(), E>) -> Result<(), E> {
        let query = queries::SCAN_IMAGES;
        let mut images = self.images.prepare(&query.of_where(&self.dataset, &self.predicate)).map_err(Error::from)?;
        drop(images.stream_arrow([]).map_err(query.failed())?);
        while let Some(rows) = images.step().map_err(Error::from)? {
            columns::images(&RecordBatch::from(&rows))?.into_iter().try_for_each(&mut *each)?;
        }
        Ok(())
    }

    /// Calls `each` for every image in order with its boxes in order; memory stays bounded.
    ///
    /// # Errors
    /// What `each` returns, or that the tables cannot be read.
    pub fn for_each<E: From<Error>>(
        &self,
        each: &mut dyn FnMut(Image, Vec<ImageBox>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (image_query, box_query) = (queries::SCAN_IMAGES, queries::SCAN_BOXES);
        let mut images =
            self.images.prepare(&image_query.of_where(&self.dataset, &self.predicate)).map_err(Error::from)?;
        let mut boxes = self.boxes.prepare(&box_query.of_where(&self.dataset, &self.predicate)).map_err(Error::from)?;
        drop(images.stream_arrow([]).map_err(image_query.failed())?);
        drop(boxes.stream_arrow([]).map_err(box_query.failed())?);
        let mut queue = BoxQueue { next: Vec::new().into_iter().peekable() };
        while let Some(rows) = images.step().map_err(Error::from)? {
            for image in columns::images(&RecordBatch::from(&rows))? {
                let mut on_image = Vec::with_capacity(image.n_boxes as usize);
                while let Some(found) =
                    queue.take(image.image_id, &mut || Ok(boxes.step()?.map(|b| RecordBatch::from(&b))))?
                {
                    on_image.push(found);
                }
                each(image, on_image)?;
            }
        }
        Ok(())
    }
}

/// The boxes that were read ahead, in order of their images.
struct BoxQueue {
    next: std::iter::Peekable<std::vec::IntoIter<ImageBox>>,
}

impl BoxQueue {
    /// The next box of `image`, if there is one; `more` reads on.
    fn take(
        &mut self,
        image: i64,
        more: &mut dyn FnMut() -> Result<Option<RecordBatch>, Error>,
    ) -> Result<Option<ImageBox>, Error> {
        while self.next.peek().is_none() {
            let Some(batch) = more()? else { return Ok(None) };
            self.next = columns::boxes(&batch)?.into_iter().peekable();
        }
        Ok(self.next.next_if(|b| b.image_id <= image))
    }
}
