"""Whether Singer messages fit the stream contract, and what to map; without account and network."""

from target_referrizer.fits.look import Look

__all__ = ["Look"]
