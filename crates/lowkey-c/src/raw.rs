//! Everything that trusts a pointer. The rest of the crate hands its pointers to this file.
//!
//! What can be checked is checked: NULL, alignment, lengths, and the front of every object, which says what it is and
//! where it was made. (`apart` compares addresses: whether something of C's lies over something else.) What cannot be
//! checked is the contract at the top of `lowkey.h`, "the header's rules" below: a pointer that is not NULL points to
//! as many bytes as its length or type says, they stay there as long as the function's description says, and nothing
//! else uses them meanwhile.
#![deny(unsafe_op_in_unsafe_fn)]

pub(crate) mod callbacks;
mod failure;
mod kept;

pub(crate) use failure::{Failure, status};
pub(crate) use kept::{Attached, Kept, Lasting, LastingKey, attached, kept, lasting, lasting_key};

use crate::status::lowkey_status::{LOWKEY_LENGTH, LOWKEY_NOT_INITIALISED, LOWKEY_NULL, LOWKEY_OUT_OF_TURN};
use core::mem::forget;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use core::slice;
use lowkey_transport::Error;
use zeroize::Zeroize;

/// Storage that C gives, and what lies in it once it is initialised.
pub(crate) trait Object: Sized {
    type Inner;
    /// Says which object it is; another one for each.
    const LETTER: u8;
}

/// An object that may begin as zeros.
///
/// # Safety
/// Zeros are a value of what lies in it.
pub(crate) unsafe trait Zeros: Object {}

/// An initialised object, whatever its kind: the front first, and the value behind it.
#[repr(C)]
struct Initialised<T> {
    front: u64,
    value: T,
}

/// What stands at the front of an object that lies here: the magic word with its letter in the highest byte, and its
/// address over that. So a copy is none, wherever it lies: no address reaches the byte in which two letters differ.
fn front(object: *const u64, letter: u8) -> u64 {
    object.addr() as u64 ^ u64::from(MAGIC ^ u32::from(letter) << 24) << 32
}

/// The letter of an object while a call is inside of it.
const BUSY: u8 = 0;

const fn fits<O: Object>() -> bool {
    size_of::<Initialised<O::Inner>>() <= size_of::<O>()
        && align_of::<Initialised<O::Inner>>() <= align_of::<O>()
}

/// Storage that is there; with a `letter` other than [`BUSY`], an initialised object. No call is inside of it.
///
/// # Safety
/// `object` points to an object's storage, or is NULL.
#[inline(never)]
unsafe fn locate(object: *mut u64, letter: u8) -> Result<(), Failure> {
    if object.is_null() || !object.is_aligned() {
        return Err(LOWKEY_NULL.into());
    }
    // SAFETY: not NULL and aligned; the header's rules. Volatile: what C never wrote is some word all the same.
    let word = unsafe { object.read_volatile() };
    if word == front(object, BUSY) {
        return Err(LOWKEY_OUT_OF_TURN.into());
    }
    if letter == BUSY || word == front(object, letter) { Ok(()) } else { Err(LOWKEY_NOT_INITIALISED.into()) }
}

/// The front of an initialised object that no call is inside of.
///
/// # Safety
/// `object` points to an object's storage, or is NULL.
#[inline(always)] // a pointer that lies in a register already; the same of all that find something
unsafe fn initialised<O: Object>(object: *const O) -> Result<*mut Initialised<O::Inner>, Failure> {
    // SAFETY: the caller's promise.
    unsafe { locate(object.cast_mut().cast(), O::LETTER)? };
    Ok(object.cast_mut().cast())
}

/// An initialised object, to be read.
///
/// # Safety
/// The header's rules, for as long as the result is used; nothing calls back meanwhile.
#[inline(always)]
pub(crate) unsafe fn shared<'a, O: Object>(object: *const O) -> Result<&'a O::Inner, Failure> {
    // SAFETY: the caller's promise; the front says that there is a value, which `Vacant::fill` wrote here.
    unsafe { Ok(&(*initialised(object)?).value) }
}

/// An initialised object that [`shared`] has found in this call.
///
/// # Safety
/// It has; otherwise as [`shared`].
pub(crate) unsafe fn found_object<'a, O: Object>(object: *const O) -> &'a O::Inner {
    // SAFETY: the caller's promise.
    unsafe { &(*object.cast::<Initialised<O::Inner>>()).value }
}

/// An initialised object, to be changed by a call that calls nobody back.
///
/// # Safety
/// As [`shared`].
#[inline(always)]
pub(crate) unsafe fn exclusive<'a, O: Object>(object: *mut O) -> Result<&'a mut O::Inner, Failure> {
    // SAFETY: as in `shared`; `object` may be written.
    unsafe { Ok(&mut (*initialised(object)?).value) }
}

/// An object that [`shared`] has found in this call, to be changed.
///
/// # Safety
/// It has; otherwise as [`shared`].
pub(crate) unsafe fn as_checked<'a, O: Object>(object: *mut O) -> &'a mut O::Inner {
    // SAFETY: the caller's promise.
    unsafe { &mut (*object.cast::<Initialised<O::Inner>>()).value }
}

/// The same, to be changed by a call that may call back.
///
/// # Safety
/// As [`as_checked`], but for the calls back.
pub(crate) unsafe fn entered<O: Object>(object: *mut O) -> Entered<O> {
    Entered::new(object.cast())
}

/// An object that a call has entered, and is about to leave.
///
/// # Safety
/// It has; otherwise as [`entered`].
pub(crate) unsafe fn leaving<O: Object>(object: *mut O) -> Entered<O> {
    Entered(object.cast())
}

/// An initialised object, to be changed by a call that may call back: until this is dropped, every other call
/// on it is out of turn.
///
/// # Safety
/// As [`shared`], but for the calls back.
#[inline(always)]
pub(crate) unsafe fn enter<O: Object>(object: *mut O) -> Result<Entered<O>, Failure> {
    // SAFETY: the caller's promise.
    Ok(Entered::new(unsafe { initialised(object)? }))
}

/// Storage for an object, to be filled.
///
/// # Safety
/// `object` points to storage that may be written for as long as the result is used.
#[inline(always)]
pub(crate) unsafe fn vacant<O: Object>(object: *mut O) -> Result<Vacant<O>, Failure> {
    // SAFETY: the caller's promise.
    unsafe { locate(object.cast(), BUSY)? };
    Ok(Vacant(object))
}

/// Makes zeros of an object, whatever it holds.
///
/// # Safety
/// As [`vacant`].
pub(crate) unsafe fn wipe<O: Object>(object: *mut O) -> Result<(), Failure> {
    // SAFETY: the caller's promise.
    unsafe { vacant(object) }?.clear();
    Ok(())
}

/// Storage that holds nothing that is still needed.
pub(crate) struct Vacant<O: Object>(*mut O);

impl<O: Object> Vacant<O> {
    /// Where it begins.
    pub(crate) fn start(&self) -> *const u8 {
        self.0.cast_const().cast()
    }

    /// Makes the object. What was in the storage before is wiped first.
    pub(crate) fn fill(self, make: impl FnOnce() -> O::Inner) {
        mark(self.write(make).cast(), O::LETTER);
    }

    /// The same for a call that goes on inside of the object.
    pub(crate) fn fill_inside(self, make: impl FnOnce() -> O::Inner) -> Entered<O> {
        Entered::new(self.write(make))
    }

    fn write(self, make: impl FnOnce() -> O::Inner) -> *mut Initialised<O::Inner> {
        const { assert!(fits::<O>(), "the storage that C gives is too small") };
        let object = self.0.cast::<Initialised<O::Inner>>();
        self.clear();
        // SAFETY: `vacant` has checked the storage, and an initialised object fits into it.
        unsafe { (&raw mut (*object).value).write(make()) };
        object
    }

    /// Makes the object of zeros, and fills it where it lies: nothing is moved.
    pub(crate) fn fill_zeros(self, fill: impl FnOnce(&mut O::Inner))
    where
        O: Zeros,
    {
        const { assert!(fits::<O>(), "the storage that C gives is too small") };
        let object = self.0.cast::<Initialised<O::Inner>>();
        self.clear();
        // SAFETY: `vacant` has checked the storage, an object fits into it, and what lies there is a value: `Zeros`.
        fill(unsafe { &mut (*object).value });
        mark(object.cast(), O::LETTER);
    }

    /// Nothing is dropped. A front can outlive its object, on a part of the stack that is used again: then garbage lies
    /// behind it. And a value owns nothing but its bytes. (With aws-lc, in a program in Rust for a host, it owns more:
    /// that stays allocated.)
    #[inline(always)] // two arguments of a call
    fn clear(&self) {
        // SAFETY: `vacant` has checked the storage.
        unsafe { zero(self.0.cast(), size_of::<O>()) }
    }
}

/// # Safety
/// `len` bytes may be written.
#[inline(never)]
unsafe fn zero(bytes: *mut u8, len: usize) {
    // SAFETY: the caller's promise; bytes have no invalid values, and C gave the memory.
    unsafe { slice::from_raw_parts_mut(bytes, len) }.zeroize();
}

/// An object that a call is inside of.
pub(crate) struct Entered<O: Object>(*mut Initialised<O::Inner>);

impl<O: Object> Entered<O> {
    #[inline(always)]
    fn new(object: *mut Initialised<O::Inner>) -> Self {
        mark(object.cast(), BUSY);
        Self(object)
    }

    /// Leaves nothing of an object that could not be made.
    pub(crate) fn keep(self, made: Result<(), Failure>) -> Result<(), Failure> {
        if made.is_err() {
            Vacant(self.0.cast::<O>()).clear();
            forget(self);
        }
        made
    }
}

/// Says at the front of an object, which has been checked, what it is.
#[inline(never)]
fn mark(object: *mut u64, letter: u8) {
    // SAFETY: the object has been checked, and begins with its front. No reference covers that.
    unsafe { object.write_volatile(front(object, letter)) };
}

impl<O: Object> Deref for Entered<O> {
    type Target = O::Inner;

    fn deref(&self) -> &O::Inner {
        // SAFETY: the object holds a value, and the busy word keeps every other call out of it.
        unsafe { &(*self.0).value }
    }
}

impl<O: Object> DerefMut for Entered<O> {
    fn deref_mut(&mut self) -> &mut O::Inner {
        // SAFETY: as in `deref`.
        unsafe { &mut (*self.0).value }
    }
}

impl<O: Object> Drop for Entered<O> {
    #[inline(always)]
    fn drop(&mut self) {
        mark(self.0.cast(), O::LETTER);
    }
}

/// The number of an error, from 1 on.
pub(crate) const fn number(error: Error) -> u8 {
    // SAFETY: the enumeration is `repr(u8)`, so a value begins with its number.
    unsafe { (&raw const error).cast::<u8>().read() }
}

/// `len` bytes to be read; without any, `bytes` may be NULL.
///
/// # Safety
/// The header's rules, for as long as the result is used.
#[inline(always)] // `is_span` is what they share
pub(crate) unsafe fn bytes<'a>(bytes: *const u8, len: usize) -> Result<&'a [u8], Failure> {
    is_span(bytes, len)?;
    // SAFETY: not NULL, not too long; the header's rules.
    Ok(unsafe { found(bytes, len) })
}

/// `len` bytes to be written; without any, `bytes` may be NULL.
///
/// # Safety
/// As [`bytes()`]; and whoever gave them wrote them once, or does not mind that nobody did.
#[inline(always)]
pub(crate) unsafe fn bytes_mut<'a>(bytes: *mut u8, len: usize) -> Result<&'a mut [u8], Failure> {
    is_span(bytes, len)?;
    // SAFETY: not NULL, not too long; the header's rules.
    Ok(unsafe { found_mut(bytes, len) })
}

/// Whether `len` bytes can lie there. No reference: what is only read may lie in flash, and others may read it
/// meanwhile.
#[inline(never)]
pub(crate) fn is_span(bytes: *const u8, len: usize) -> Result<(), Failure> {
    if len == 0 {
        return Ok(());
    }
    if bytes.is_null() {
        return Err(LOWKEY_NULL.into());
    }
    let fits = isize::try_from(len).is_ok() && bytes.addr().checked_add(len).is_some();
    if fits { Ok(()) } else { Err(LOWKEY_LENGTH.into()) }
}

/// Bytes that [`bytes()`] has found in this call.
///
/// # Safety
/// It has; otherwise as [`bytes()`].
pub(crate) unsafe fn found<'a>(bytes: *const u8, len: usize) -> &'a [u8] {
    let start = if len == 0 { NonNull::dangling().as_ptr() } else { bytes };
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(start, len) }
}

/// Whether bytes that C gives lie outside of the `buffer` where they go.
///
/// # Safety
/// As [`bytes()`].
#[inline(never)]
pub(crate) unsafe fn lie_outside(buffer: &[u8], bytes: *const u8, len: usize) -> Result<(), Failure> {
    is_span(bytes, len)?;
    // SAFETY: `is_span` has seen them.
    if overlap(buffer, unsafe { found(bytes, len) }) { Err(LOWKEY_LENGTH.into()) } else { Ok(()) }
}

/// The same, to be written.
///
/// # Safety
/// As [`found`] and [`bytes_mut`].
pub(crate) unsafe fn found_mut<'a>(bytes: *mut u8, len: usize) -> &'a mut [u8] {
    let start = if len == 0 { NonNull::dangling().as_ptr() } else { bytes };
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts_mut(start, len) }
}

/// Whether some of these bytes are some of those. In Rust they cannot be; made of pointers they can.
pub(crate) fn overlap(one: &[u8], other: &[u8]) -> bool {
    let (one, other) = (one.as_ptr_range(), other.as_ptr_range());
    one.start < other.end && other.start < one.end
}

/// `N` bytes to be read.
///
/// # Safety
/// As [`bytes()`].
pub(crate) unsafe fn array<'a, const N: usize>(bytes: *const u8) -> Result<&'a [u8; N], Failure> {
    // SAFETY: an array of bytes is aligned everywhere; the header's rules.
    unsafe { bytes.cast::<[u8; N]>().as_ref() }.ok_or(LOWKEY_NULL.into())
}

/// `N` bytes that [`array`] has found in this call.
///
/// # Safety
/// It has; otherwise as [`bytes()`].
pub(crate) unsafe fn found_array<'a, const N: usize>(bytes: *const u8) -> &'a [u8; N] {
    // SAFETY: the caller's promise; an array of bytes is aligned everywhere.
    unsafe { &*bytes.cast::<[u8; N]>() }
}

/// `N` bytes to be read, or none.
///
/// # Safety
/// As [`bytes()`].
pub(crate) unsafe fn optional_array<'a, const N: usize>(bytes: *const u8) -> Option<&'a [u8; N]> {
    // SAFETY: as in `array`.
    unsafe { bytes.cast::<[u8; N]>().as_ref() }
}

/// A plain structure that C filled in.
///
/// # Safety
/// The header's rules; every pattern of bits is a `T`.
#[inline(always)] // two comparisons
pub(crate) unsafe fn plain<'a, T: Copy>(pointer: *const T) -> Result<&'a T, Failure> {
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(LOWKEY_NULL.into());
    }
    // SAFETY: not NULL and aligned; the caller's promise.
    Ok(unsafe { &*pointer })
}

/// A plain structure that [`plain`] has checked in this call.
///
/// # Safety
/// It has.
pub(crate) unsafe fn checked<'a, T: Copy>(pointer: *const T) -> &'a T {
    // SAFETY: the caller's promise.
    unsafe { &*pointer }
}

/// Where a result goes; written once, when there is one.
pub(crate) struct Out<T>(NonNull<T>);

/// # Safety
/// `pointer` may be written, for as long as the result is used.
pub(crate) unsafe fn out<T>(pointer: *mut T) -> Result<Out<T>, Failure> {
    NonNull::new(pointer).map(Out).ok_or(LOWKEY_NULL.into())
}

impl<T: Copy> Out<T> {
    pub(crate) fn set(self, value: T) {
        // SAFETY: `out` has checked it, but for its alignment.
        unsafe { self.0.write_unaligned(value) }
    }
}

/// Where `N` bytes go.
///
/// # Safety
/// As [`out`].
pub(crate) unsafe fn out_array<const N: usize>(bytes: *mut u8) -> Result<Out<[u8; N]>, Failure> {
    // SAFETY: the caller's promise.
    unsafe { out(bytes.cast()) }
}

/// What the high half of a front says of every object: "LK", and a free byte for its letter.
const MAGIC: u32 = u32::from_le_bytes(*b"LKo\0");
