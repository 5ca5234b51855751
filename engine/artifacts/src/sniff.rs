//! What a file is, by its first bytes.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// A stream of a tar archive, uncompressed if it was compressed; none if the file is no such thing.
pub fn tarball(path: &Path) -> io::Result<Option<Box<dyn Read>>> {
    let mut file = File::open(path)?;
    let mut magic = [0; 2];
    let compressed = read_up_to(&mut file, &mut magic)? == 2 && magic == [0x1f, 0x8b];
    file.seek(SeekFrom::Start(0))?;
    let mut block = [0; 512];
    let filled = if compressed {
        // What begins like gzip and is damaged is not an archive.
        read_up_to(&mut MultiGzDecoder::new(&mut file), &mut block).unwrap_or(0)
    } else {
        read_up_to(&mut file, &mut block)?
    };
    if filled < block.len() || !header(&block) {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(0))?;
    let file = BufReader::with_capacity(1 << 17, file);
    Ok(Some(if compressed {
        Box::new(MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    }))
}

fn read_up_to(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match from.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(got) => filled += got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Whether a block is the header of an entry: its checksum holds.
fn header(block: &[u8; 512]) -> bool {
    let text: String = block[148..156]
        .iter()
        .map(|byte| char::from(*byte))
        .collect();
    let Ok(said) = u32::from_str_radix(text.trim_matches(['\0', ' ']), 8) else {
        return false;
    };
    let sum = |range: &[u8]| range.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    said == sum(&block[..148]) + 8 * 32 + sum(&block[156..])
}
