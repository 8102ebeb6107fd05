// MEMORY_LIMIT_EXCEEDED OUTPUT_LIMIT_EXCEEDED
// without namespaces and control groups: MEMORY_LIMIT_EXCEEDED OUTPUT_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    for (int i = 0;; i++) {
        char name[32];
        sprintf(name, "file-%d", i);
        int file = open(name, O_RDWR | O_CREAT, 0600);
        if (ftruncate(file, 1 << 20) == -1) return 1;
        memset(mmap(0, 1 << 20, 3, MAP_SHARED, file, 0), 1, 1 << 20);
        close(file);
    }
}
