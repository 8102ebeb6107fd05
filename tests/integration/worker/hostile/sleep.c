// TIME_LIMIT_EXCEEDED
#include "hostile.h"

int main(void) {
    sleep(1000);
}
