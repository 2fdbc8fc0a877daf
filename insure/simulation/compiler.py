"""The compiler's names that the laboratory uses, in one place.

The compiler types what it compiles by itself, from bytecode; its published hints describe calls from plain Python and
do not hold inside a kernel. So everything taken from it is ``Any`` here, and typed again where it leaves this room.
"""

from typing import Any

import numba
import numba.extending
from llvmlite import ir as llvm_ir
from numba.core.ccallback import CFunc as _CFunc
from numba.core.compiler import CompileResult as _CompileResult
from numba.core.serialize import dumps as _dumps
from numba.core.sigutils import normalize_signature as _normalize_signature

njit: Any = numba.njit
carray: Any = numba.carray  # type: ignore[attr-defined]  # exported, not in its hints
types: Any = numba.types
intrinsic: Any = numba.extending.intrinsic
overload: Any = numba.extending.overload
ir: Any = llvm_ir
CFunc: Any = _CFunc
CompileResult: Any = _CompileResult
dumps: Any = _dumps
normalize_signature: Any = _normalize_signature
version: str = numba.__version__

Pointer = Any
"""An address inside compiled code."""
Word = Any
"""An unsigned number of 64 bits inside compiled code."""
