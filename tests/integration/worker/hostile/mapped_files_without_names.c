// OUTPUT_LIMIT_EXCEEDED MEMORY_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    for (int i = 0; i < 100; i++) {
        int file = open("x", O_RDWR | O_CREAT, 0600);
        unlink("x");
        ftruncate(file, 1 << 20);
        char *map = mmap(0, 1 << 20, 3, MAP_SHARED, file, 0);
        close(file);
        memset(map, 1, 1 << 20);
        madvise(map, 1 << 20, MADV_DONTNEED);
    }
    sleep(100);
}
