// RUNTIME_ERROR
#include "hostile.h"

int main(void) {
    abort();
}
