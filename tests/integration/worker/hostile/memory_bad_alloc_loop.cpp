// MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

#include <new>

int main() {
    for (;;)
        try {
            for (;;) *new char[1 << 20] = 1;
        } catch (const std::bad_alloc &) {
        }
}
